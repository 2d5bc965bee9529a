// "What is really there": the provider's own state, the bot's view of its grants, and the audit log.

import { $, city, formatTime, h, replace } from "/dom.js";

const ZONE = "Europe/Berlin";
const clockTime = (ms) => formatTime(ms, ZONE, { hour: "2-digit", minute: "2-digit" });
const day = (ms) => formatTime(ms, ZONE, { weekday: "short", day: "numeric", month: "short" });
const dayAndTime = (ms, now) => (day(ms) === day(now) ? clockTime(ms) : `${day(ms)} ${clockTime(ms)}`);

/** As `dayAndTime`, for lines that have little room. */
const dated = (ms, now) => (day(ms) === day(now) ? "" : `${formatTime(ms, ZONE, { day: "numeric", month: "short" })} `) + clockTime(ms);

let newest = 0;
let shownBroken = -1;

export function showPanels(world, now) {
  const { bot } = world;
  const over = (bot.grants ?? []).filter((grant) => isOver(grant, now)).length;
  redraw("#provider-panel", [world.provider, world.provider_is_down, day(now)], () => showProvider(world, now));
  redraw("#grants-panel", [bot.grants, bot.requests, bot.is_running, bot.problem, over, day(now)], () => showGrants(world, now));
  redraw("#audit-panel", [bot.audit, bot.verification, day(now)], () => showAudit(world, now));
}

/** Draws a panel only when what it shows has changed, so that it keeps its place, the focus, and its peace with screen readers. */
function redraw(selector, shows, draw) {
  const panel = $(selector);
  const key = JSON.stringify(shows);
  if (panel.dataset.key === key) return;
  panel.dataset.key = key;
  const [scrolled, hadFocus] = [$("ol", panel)?.scrollTop ?? 0, panel.contains(document.activeElement)];
  draw();
  const list = $("ol", panel);
  if (list) list.scrollTop = scrolled;
  if (hadFocus) list?.focus({ preventScroll: true });
}

function showProvider(world, now) {
  const rows = world.provider.map((item) =>
    h("li", { class: "row there", "data-account": item.account, "data-thing": item.thing },
      h("span", { class: "what" }, h("b", {}, item.account), " holds ", h("code", {}, item.level), " on ", h("b", {}, item.thing)),
      h("small", {}, `since ${dayAndTime(item.since_ms, now)} ${city(ZONE)}`, item.mark ? "" : " · not by Daypass")));
  replace($("#provider-panel"),
    heading("provider-title", "At the provider", world.provider_is_down ? badge("bad", "down") : badge("good", "live")),
    rows.length ? h("ul", {}, rows) : h("p", { class: "none" }, "Nobody holds anything."),
    world.provider_is_down && h("p", { class: "note" }, "It answers nobody. This is what it has stored."));
}

const STATES = { active: "good", ended: "quiet", revoking: "warn", expiring: "warn", overdue: "bad", failed: "bad" };

function showGrants(world, now) {
  const { grants = [], requests = [], is_running: isRunning } = world.bot;
  const waiting = (requests ?? []).filter((request) => ["pending", "open", "waiting"].includes(request.state));
  const rows = [
    ...waiting.map((request) => h("li", { class: "row" },
      h("span", { class: "what" }, h("b", {}, request.person), ` asks for ${request.resource} · ${request.role}`),
      h("small", {}, request.id, " ", badge("warn", request.state)))),
    ...[...(grants ?? [])].reverse().map((grant) => h("li", { class: `row ${grant.state === "ended" ? "past" : ""}`, "data-grant": grant.id, "data-state": grant.state },
      h("span", { class: "what" }, h("b", {}, grant.person), ` · ${grant.resource} · ${grant.role}`),
      h("small", {}, grant.id, " ", grant.ends_at_ms ? `until ${dayAndTime(grant.ends_at_ms, now)} ${city(ZONE)} ` : "",
        verdict(grant, now)))),
  ];
  replace($("#grants-panel"),
    heading("grants-title", "As the bot sees it", isRunning ? badge("good", "running") : badge("bad", "dead")),
    !isRunning && h("p", { class: "note" }, "What it knew last, before it died."),
    isRunning && world.bot.problem && h("p", { class: "note" }, world.bot.problem),
    rows.length ? h("ul", {}, rows) : h("p", { class: "none" }, "No requests, no grants."));
}

const isOver = (grant, now) => grant.ends_at_ms && grant.ends_at_ms <= now && !["ended", "lapsed", "failed"].includes(grant.state);

function verdict(grant, now) {
  if (grant.overdue) return badge("bad", "overdue");
  return isOver(grant, now) ? badge("bad", "its time is over") : badge(STATES[grant.state] ?? "warn", grant.state);
}

function showAudit(world, now) {
  const { audit, verification } = world.bot;
  const entries = [...(audit ?? [])].reverse();
  const mark = !verification ? badge("quiet", "not read yet")
    : verification.intact ? badge("good", `verified, ${verification.size} ${verification.size === 1 ? "entry" : "entries"}`)
    : badge("bad", "does not verify");
  const broken = Number(verification?.problem?.match(/(?:leaf|entry|row)\s+(\d+)/)?.[1] ?? -1);
  const forged = entries.find((entry) => entry.seq === broken);
  const names = namesOf(world.bot);
  const rows = entries.map((entry) =>
    h("li", { class: `row ${entry.seq > newest && newest ? "new" : ""} ${entry.seq === broken ? "broken" : ""}`, "data-seq": entry.seq },
      h("span", { class: "seq" }, entry.seq),
      h("span", { class: "what" }, entry.text || entry.kind),
      h("small", { title: entry.kind },
        `${dated(entry.at_ms, now)} ${city(ZONE)} · ${names.get(entry.about) ?? entry.kind} · `, h("code", { title: entry.hash }, (entry.hash ?? "").slice(0, 8)))));
  newest = Math.max(newest, entries[0]?.seq ?? 0);
  replace($("#audit-panel"),
    heading("audit-title", "Audit log", mark),
    verification && !verification.intact && h("p", { class: "note bad", role: "alert" }, verification.problem ?? "The log was changed.", forged && h("span", { class: "forged" }, `It reads: "${forged.text}"`)),
    verification?.root && h("p", { class: "root" }, "root ", h("code", { title: verification.root }, verification.root.slice(0, 24), "…")),
    rows.length ? h("ol", { tabindex: "0", "aria-label": "Entries, newest first" }, rows) : h("p", { class: "none" }, "Nothing has happened yet."));
  const bad = $(".broken", $("#audit-panel"));
  if (bad && broken !== shownBroken) requestAnimationFrame(() => bad.scrollIntoView({ block: "nearest" }));
  shownBroken = broken;
}

/** Who and what stands behind the ids of the log. */
function namesOf(bot) {
  const names = new Map([...(bot.requests ?? []), ...(bot.grants ?? [])].map((one) => [one.id, `${one.person}, ${one.resource}`]));
  for (const entry of bot.audit ?? []) {
    const added = entry.kind === "entitlement.added" && entry.text.match(/^\S+: (\S+) on (\S+)/);
    if (added) names.set(entry.about, `${added[1]}, ${added[2]}`);
  }
  return names;
}

function heading(id, words, mark) {
  return h("h2", { id }, words, mark);
}

function badge(kind, words) {
  return h("span", { class: `badge ${kind}` }, words);
}
