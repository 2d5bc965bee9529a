// The guided tour: six steps that show what Daypass promises, and one for the auditor. A step is done when the world says so.

import { $, h, post, replace, showProblem } from "/dom.js";
import { fill } from "/composer.js";

const REQUEST = "/jit request prod/orders readonly 2h OPS-42 slow checkout";
const holds = (world) => world.provider.some((item) => item.account === "maya" && item.thing === "prod/orders");
const grants = (world) => world.bot.grants ?? [];

const STEPS = [
  {
    name: "Ask as Maya",
    does: "A contractor asks for two hours on the orders database.",
    go: (page) => { page.be("U0MAYA", "C0DBACCESS"); fill(REQUEST); $("#composer").focus(); },
    label: "Type it for me",
    next: "Now press Enter, or the green arrow.",
    isDone: (world) => (world.bot.requests ?? []).length > 0,
  },
  {
    name: "Approve as Carol, on her phone",
    does: "She owns the database. Everything she needs is on one card.",
    go: (page) => { page.phone(true); page.be("U0CAROL", "C0DBACCESS"); },
    label: "Be Carol",
    next: "Now read the card, and press Approve.",
    isDone: (world) => grants(world).length > 0,
  },
  {
    name: "The access is there",
    does: "Not in our ledger only: at the provider.",
    go: (page) => { page.phone(false); page.look("#provider-panel"); },
    label: "Look",
    isDone: (world, seen) => seen && (holds(world) || grants(world).some((grant) => grant.state === "ended")),
    needsLook: true,
  },
  {
    name: "Kill the bot",
    does: "No goodbye, no clean-up: kill -9.",
    go: () => post("/stage", { do: "kill" }).then(showProblem),
    label: "Kill it",
    isDone: (world) => !world.bot.is_running,
  },
  {
    name: "Two hours pass",
    does: "The access outlives its time, because nobody is there to end it.",
    go: () => post("/stage", { do: "advance", ms: 7200000 }).then(showProblem),
    label: "+2 h",
    isDone: (world, seen, now) => grants(world).some((grant) => grant.ends_at_ms && grant.ends_at_ms <= now),
  },
  {
    name: "Start it again",
    does: "The first thing it does is end what is over, and look whether it is gone.",
    go: (page) => { post("/stage", { do: "start" }).then(showProblem); page.look("#provider-panel"); },
    label: "Start the bot",
    isDone: (world) => world.bot.is_running && !holds(world) && grants(world).some((grant) => grant.state === "ended"),
  },
  {
    name: "Sam checks the books",
    does: "Change one row of the audit log on disk, and see what the log says.",
    go: async (page) => {
      page.be("U0SAM", "C0GENERAL");
      const answer = await post("/stage", { do: "tamper" });
      showProblem(answer);
      if (!answer.error) changed = answer.seq;
      page.look("#audit-panel");
    },
    label: "Change one row",
    isDone: (world) => world.bot.verification?.intact === false,
  },
];

let at = 0;
let seen = false;
let gone = -1;
let changed = null;
let isOpen = true;

export function showTour(world, now, page) {
  while (at < STEPS.length && STEPS[at].isDone(world, seen, now)) {
    at += 1;
    seen = false;
  }
  const key = `${at} ${gone} ${seen} ${changed} ${isOpen}`;
  const tour = $("#tour");
  if (tour.dataset.key === key) return;
  tour.dataset.key = key;
  const focused = tour.contains(document.activeElement) && document.activeElement.className;
  const act = (step) => async (event) => {
    event.currentTarget.setAttribute("aria-busy", "true");
    if (step.needsLook) seen = true;
    const button = event.currentTarget;
    await step.go(page);
    button.removeAttribute("aria-busy");
    gone = STEPS.indexOf(step);
    page.refresh();
  };
  const toggle = () => { isOpen = !isOpen; showTour(world, now, page); };
  replace(tour,
    h("h2", { id: "tour-title" }, at < STEPS.length ? `Tour · ${at + 1} of ${STEPS.length}` : "Tour · done",
      h("button", { class: "plain", "aria-expanded": String(isOpen), "aria-controls": "tour-steps", onclick: toggle }, isOpen ? "Hide" : "Show")),
    h("ol", { id: "tour-steps", class: at > 0 ? "compact" : "", hidden: !isOpen }, STEPS.map((step, index) =>
      h("li", { title: step.name, class: index < at ? "done" : index === at ? "now" : "later", "aria-current": index === at ? "step" : null },
        h("span", { class: "number", "aria-hidden": "true" }, index < at ? "✓" : index + 1),
        h("div", {}, h("b", {}, step.name), index === at && h("p", {}, gone === at && step.next ? step.next : step.does)),
        index === at && h("button", { class: "btn primary", "data-tour": index + 1, onclick: act(step) }, step.label)))),
    at === STEPS.length && h("p", { hidden: !isOpen },
      `The access ended although nobody was there, and ${changed ? `row ${changed} of the log, rewritten on disk,` : "the rewritten row"} gives itself away. Now break it your own way.`));
  if (focused) (focused === "plain" ? $(".plain", tour) : $("[data-tour]", tour) ?? $(".plain", tour))?.focus({ preventScroll: true });
}
