// The page: keeps what the server tells, and shows it as the person one has chosen to be.

import { $, $$, avatar, city, formatTime, h, icon, post, replace, showProblem, toast } from "/dom.js";
import { renderBlocks } from "/blocks.js";
import { mrkdwn } from "/mrkdwn.js";
import { showView } from "/modal.js";
import { fill, setUpComposer } from "/composer.js";
import { showPanels } from "/panels.js";
import { showTour } from "/tour.js";

const CAST = ["U0MAYA", "U0CAROL", "U0DAVE", "U0PRIYA", "U0SAM", "U0BOB", "U0ERIN", "U0FRANK", "U0HUGO"];
const HOME = "home";
const HUES = [12, 265, 150, 205, 330, 178, 290, 95, 40];

let world = null;
let me = "U0MAYA";
let channel = "C0DBACCESS";
let stream = null;
let clock = { virtual: 0, real: 0 };
const read = new Map();

const now = () => clock.virtual + (performance.now() - clock.real);
const user = (id) => world.users.find((one) => one.id === id);
const zone = () => user(me)?.tz ?? "Europe/Berlin";

const ctx = () => ({
  me, now, zone: zone(), user, prefix: "m",
  channel: (id) => world.channels.find((one) => one.id === id),
  group: (id) => world.groups.find((one) => one.id === id),
  people: () => world.users.filter((one) => !one.is_bot && !one.is_external),
});

function listen() {
  stream?.close();
  stream = new EventSource(`/events?as=${encodeURIComponent(me)}`);
  stream.addEventListener("clock", (event) => {
    const jumped = Math.abs(JSON.parse(event.data).now_ms - now()) > 30000;
    clock = { virtual: JSON.parse(event.data).now_ms, real: performance.now() };
    tick();
    if (world && jumped) show();
    else if (world) showTour(world, now(), page);
  });
  stream.addEventListener("world", (event) => {
    const next = JSON.parse(event.data);
    if (next.person !== me) return;
    world = next;
    // What is seen is what this person sees.
    $("#messages").removeAttribute("aria-busy");
    world.users.forEach((one, index) => { one.hue = HUES[index % HUES.length]; });
    show();
  });
  stream.addEventListener("open", () => showGone(false));
  stream.addEventListener("error", () => showGone(true));
}

function showGone(isGone) {
  document.body.classList.toggle("gone", isGone);
  if (isGone) outage("The demo does not answer. If it has ended, start it again in the terminal.");
  else if (world) showSwitches();
}

function show() {
  if (channel !== HOME && !ctx().channel(channel)) channel = "C0GENERAL";
  showPeople();
  showSidebar();
  showConversation();
  showView(world.view, ctx());
  showSwitches();
  showPanels(world, now());
  showTour(world, now(), page);
}

const direct = () => world.channels.find((one) => one.is_direct);
const unread = (one) => one.messages.filter((message) => message.user !== me && message.ts > (read.get(`${me} ${one.id}`) ?? "")).length;

function showPeople() {
  const key = `${me}`;
  if ($("#people").dataset.key === key) return;
  $("#people").dataset.key = key;
  const hadFocus = $("#people").contains(document.activeElement);
  replace($("#people"), h("span", { class: "lead" }, "Be"), CAST.map(user).filter(Boolean).map((one) =>
    h("button", { "data-persona": one.name, "aria-pressed": String(one.id === me), title: `${one.real_name}, ${one.title}`, onclick: () => be(one.id) },
      avatar(one, "small"), h("span", {}, one.real_name.split(" ")[0], h("small", {}, role(one))))));
  if (hadFocus) $("#people [aria-pressed=true]")?.focus();
}

const role = (one) => (one.is_guest ? one.title.split(", ")[1] ?? "Guest" : { "Database administrator": "DBA", "Platform engineer": "Platform" }[one.title] ?? one.title);

function showSidebar() {
  const key = JSON.stringify([me, channel, world.channels.map((one) => [one.id, unread(one)])]);
  if ($("#sidebar").dataset.key === key) return;
  $("#sidebar").dataset.key = key;
  const focused = $("#sidebar").contains(document.activeElement) && document.activeElement.dataset.channel;
  const link = (one, label, icon) => {
    const count = unread(one);
    return h("button", { class: `link ${count ? "unread" : ""}`, "data-channel": one.id, "aria-current": one.id === channel ? "page" : null, onclick: () => open(one.id) },
      icon, h("span", { class: "name" }, label), count && one.id !== channel ? h("span", { class: "count" }, count, h("span", { class: "sr" }, " unread")) : null);
  };
  const self = user(me);
  const rooms = world.channels.filter((one) => !one.is_direct);
  replace($("#sidebar"),
    h("div", { class: "workspace" }, h("b", {}, "Shop"), h("span", { class: "self" }, avatar(self, "tiny"), self.real_name, self.is_guest ? h("em", {}, "guest") : null)),
    h("h3", {}, "Channels"),
    h("ul", {}, rooms.map((one) => h("li", {}, link(one, one.name, h("span", { class: "sign", "aria-hidden": "true" }, one.is_private ? icon("lock") : "#"))))),
    h("h3", {}, "Apps"),
    h("ul", {},
      h("li", {}, link(direct(), "Daypass", h("span", { class: "avatar app tiny", "aria-hidden": "true" }, "D"))),
      h("li", {}, h("button", { class: "link", "data-channel": HOME, "aria-current": channel === HOME ? "page" : null, onclick: () => open(HOME) }, h("span", { class: "sign", "aria-hidden": "true" }, icon("home")), h("span", { class: "name" }, "Daypass home")))));
  if (focused) $(`#sidebar [data-channel="${CSS.escape(focused)}"]`)?.focus();
}

function showConversation() {
  const one = channel === HOME ? null : ctx().channel(channel);
  replace($("#title"), !one ? "Daypass home" : one.is_direct ? "Daypass" : [one.is_private ? icon("lock") : "#", ` ${one.name}`]);
  $("#topic").textContent = !one ? "" : one.is_direct ? "App · only you see this conversation" : `${one.topic} · ${one.members} members`;
  $("#write").hidden = !one;
  $("#composer").placeholder = one?.is_direct ? "Message Daypass" : `Message #${one?.name ?? ""}`;
  $("#composer").setAttribute("aria-label", $("#composer").placeholder);
  if (one) showMessages(one);
  else showHome();
}

function showHome() {
  const view = world.home;
  const key = `home ${me} ${view?.hash}`;
  const box = $("#messages");
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  if (!view) return replace(box, h("div", { class: "home", "aria-busy": "true" }, h("p", { class: "block" }, "Daypass is drawing this tab.")));
  replace(box, h("div", { class: "home" }, renderBlocks(view.content.blocks, {
    ...ctx(), prefix: view.id, entered: (block, action) => view.entered?.[block]?.[action],
    touch: (block_id, action_id, input) => touch({ view: view.id, block_id, action_id, ...input }),
  })));
}

/** Shows the messages, leaving those alone that did not change, so that nobody loses the button under their finger. */
function showMessages(one) {
  const box = $("#messages");
  const place = `${me} ${one.id}`;
  const isNewPlace = box.dataset.key !== place;
  const atEnd = isNewPlace || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  if (isNewPlace) box.replaceChildren();
  box.dataset.key = place;
  const old = new Map($$(".message", box).map((node) => [node.dataset.ts, node]));
  const focused = document.activeElement?.closest?.(".message")?.dataset.ts;
  const action = document.activeElement?.dataset?.actionId;
  let previous = null;
  let changed = isNewPlace;
  const nodes = one.messages.flatMap((message) => {
    const isFollowUp = previous && previous.user === message.user && !message.is_ephemeral && !previous.is_ephemeral && message.ts.split(".")[0] - previous.ts.split(".")[0] < 300;
    const day = dayOf(message);
    const divider = !previous || dayOf(previous) !== day ? [h("div", { class: "day", role: "separator" }, h("span", {}, day))] : [];
    const key = JSON.stringify([message, one.pins?.includes(message.ts), isFollowUp && !divider.length, zone(), today()]);
    previous = message;
    const kept = old.get(message.ts);
    if (kept?.dataset.key === key) return [...divider, kept];
    changed = true;
    return [...divider, messageNode(message, one, isFollowUp && !divider.length, key)];
  });
  if (!changed && old.size === one.messages.length) { seen(one); return; }
  replace(box, one.messages.length ? nodes : welcome(one));
  if (focused && action) $(`[data-ts="${focused}"] [data-action-id="${CSS.escape(action)}"]`, box)?.focus();
  if (atEnd) box.scrollTop = box.scrollHeight;
  seen(one);
}

function seen(one) {
  const isVisible = document.visibilityState === "visible";
  if (isVisible && one.messages.length) read.set(`${me} ${one.id}`, one.messages.at(-1).ts);
}

/** Part of what was drawn: "today" is yesterday a day later. */
const today = () => formatTime(now(), zone(), { dateStyle: "short" });

const dayOf = (message) => formatTime(Number(message.ts) * 1000, zone(), { weekday: "long", day: "numeric", month: "long" });

function welcome(one) {
  const name = one.is_direct ? "Daypass" : `#${one.name}`;
  const words = one.is_direct ? "Everything about your own access comes here." : "Nothing has been said here yet.";
  return h("div", { class: "welcome" }, h("b", {}, name), h("p", {}, words), !one.is_direct && h("p", {}, "Try ", h("code", {}, "/jit request"), "."));
}

function messageNode(message, one, isFollowUp, key) {
  const author = user(message.user);
  const at = Number(message.ts) * 1000;
  const time = formatTime(at, zone(), { hour: "2-digit", minute: "2-digit" });
  const full = `${formatTime(at, zone(), { dateStyle: "full", timeStyle: "short" })} ${city(zone())}`;
  const inner = {
    ...ctx(), prefix: message.ts,
    touch: (block_id, action_id, input) => touch({ channel: one.id, ts: message.ts, block_id, action_id, ...input }),
    suggest: async (block_id, action_id, typed) => (await post("/act", { as: me, do: "suggest", channel: one.id, ts: message.ts, block_id, action_id, typed })).options ?? [],
  };
  const body = message.blocks.length ? renderBlocks(message.blocks, inner) : h("div", { class: "block" }, mrkdwn(message.text, inner));
  return h("article", { class: `message ${message.is_ephemeral ? "ephemeral" : ""} ${isFollowUp ? "follow" : ""}`, "data-ts": message.ts, "data-key": key, "aria-label": `${author?.real_name ?? "Somebody"}, ${time}` },
    message.is_ephemeral && h("p", { class: "only" }, icon("eye"), " Only visible to you"),
    one.pins?.includes(message.ts) && h("p", { class: "only" }, "📌 Pinned by Daypass"),
    isFollowUp ? h("time", { class: "gutter", title: full }, time) : avatar(author),
    h("div", { class: "content" },
      !isFollowUp && h("p", { class: "byline" }, h("b", {}, author?.real_name ?? message.user), author?.is_bot && h("span", { class: "app-mark" }, "APP"), h("time", { title: full, datetime: new Date(at).toISOString() }, time)),
      body,
      message.is_edited && h("span", { class: "edited" }, "(edited)")));
}

async function touch(what) {
  showProblem(await post("/act", { as: me, do: "touch", ...what }));
}

function showSwitches() {
  const set = (id, on, words) => { $(id).setAttribute("aria-pressed", String(on)); if (words) $(id).textContent = words; };
  set("#provider-switch", world.provider_is_down);
  set("#slack-switch", world.slack_is_down);
  set("#bot-switch", !world.bot.is_running, world.bot.is_running ? "Kill the bot" : "Start the bot");
  outage(world.slack_is_down ? "Slack is down. Nothing can be sent; access still ends on time." : "");
}

function outage(words) {
  const banner = $("#outage");
  banner.hidden = !words;
  if (banner.textContent !== words) banner.textContent = words;
}

function tick() {
  $("#clock time").textContent = `${formatTime(now(), "Europe/Berlin", { weekday: "short", day: "numeric", month: "short" })} ${formatTime(now(), "Europe/Berlin", { hour: "2-digit", minute: "2-digit" })} Berlin`;
}

function be(id, where = channel) {
  const isOther = id !== me;
  me = id;
  channel = where;
  if (isOther) { $("#messages").setAttribute("aria-busy", "true"); fill(""); listen(); openedHome(); } else show();
}

function open(id) {
  channel = id;
  document.body.dataset.pane = "chat";
  show();
  openedHome();
  if (matchMedia("(min-width: 700px)").matches && !document.body.classList.contains("phone")) $("#composer").focus();
}

/** Slack tells the app each time that somebody opens its home tab. */
async function openedHome() {
  if (channel === HOME) showProblem(await post("/act", { as: me, do: "home" }));
}

function phone(on) {
  document.body.classList.toggle("phone", on);
  $("#phone-switch").setAttribute("aria-pressed", String(on));
}

/** Whoever reads the latest message goes on reading it when the window changes its size. */
function keepEndInSight(box) {
  let isAtEnd = true;
  box.addEventListener("scroll", () => { isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60; });
  new ResizeObserver(() => { if (isAtEnd) box.scrollTop = box.scrollHeight; }).observe(box);
}

function look(selector) {
  tab("truth");
  const panel = $(selector);
  panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
  panel.classList.remove("flash");
  requestAnimationFrame(() => panel.classList.add("flash"));
}

function tab(name) {
  document.body.dataset.tab = name;
  $$("#tabs button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tab === name)));
}

const page = {
  be: (id, where) => { tab("slack"); document.body.dataset.pane = "chat"; be(id, where); },
  phone: (on) => phone(on && innerWidth > 900),
  look,
  refresh: () => show(),
};

async function change(button, wish) {
  button.setAttribute("aria-busy", "true");
  const answer = await post("/stage", wish);
  button.removeAttribute("aria-busy");
  showProblem(answer);
  return answer;
}

function setUp() {
  history.replaceState(null, "", "/");
  $$("[data-advance]").forEach((button) => button.addEventListener("click", () => change(button, { do: "advance", ms: Number(button.dataset.advance) })));
  const flip = (id, what) => $(id).addEventListener("click", (event) => change(event.currentTarget, { do: what, to: $(id).getAttribute("aria-pressed") === "true" ? "works" : "down" }));
  flip("#provider-switch", "provider");
  flip("#slack-switch", "slack");
  $("#bot-switch").addEventListener("click", async (event) => {
    const answer = await change(event.currentTarget, { do: world.bot.is_running ? "kill" : "start" });
    if (!answer.error) toast(world.bot.is_running ? "The bot is starting." : "The bot is dead.");
  });
  $("#phone-switch").addEventListener("click", () => phone(!document.body.classList.contains("phone")));
  $("#theme-switch").addEventListener("click", () => {
    const isDark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = isDark ? "light" : "dark";
  });
  $("#back").addEventListener("click", () => { document.body.dataset.pane = "list"; $("#sidebar button")?.focus(); });
  $$("#tabs button").forEach((button) => button.addEventListener("click", () => tab(button.dataset.tab)));
  keepEndInSight($("#messages"));
  // Otherwise a panel that was hidden would flash again whenever it is shown.
  document.addEventListener("animationend", (event) => event.target.classList.remove("flash", "new"));
  $("#send").append(icon("send"));
  setUpComposer(() => ({ me, channel }));
  setInterval(tick, 1000);
  listen();
}

setUp();
