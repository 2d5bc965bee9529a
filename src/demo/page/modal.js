// Slack's modals: the form that the app opened, and confirmation dialogs.

import { $, $$, h, post, showProblem } from "/dom.js";
import { renderBlocks } from "/blocks.js";
import { textObject } from "/mrkdwn.js";

let shown = null;

/** Shows the person's open view, or closes it. Leaves the form alone while nothing about it changes. */
export function showView(view, ctx) {
  if (!view) {
    if (shown) close();
    return;
  }
  const key = `${ctx.me} ${view.id} ${view.hash}`;
  if (shown?.key === key) {
    shown.view = view;
    return;
  }
  const isSame = shown?.id === view.id && shown?.me === ctx.me;
  shown = { key, id: view.id, me: ctx.me, view, ctx, typed: isSame ? typedText() : new Map(), errors: {}, back: shown?.back ?? document.activeElement };
  render(!isSame);
}

function typedText() {
  return new Map($$("#layer [data-text]").map((field) => [`${field.dataset.blockId}/${field.dataset.actionId}`, field.value]));
}

function close() {
  const back = shown.back;
  shown = null;
  $("#layer").replaceChildren();
  if (back?.isConnected) back.focus();
}

function render(isNew) {
  const { view, ctx } = shown;
  const content = view.content;
  const focused = document.activeElement?.dataset?.actionId;
  const scrolled = $("#layer .body")?.scrollTop ?? 0;
  const inner = {
    ...ctx,
    prefix: view.id,
    errors: shown.errors,
    typed: (block, action) => shown.typed.get(`${block}/${action}`),
    entered: (block, action) => shown.view.entered?.[block]?.[action],
    touch: async (block_id, action_id, input) => showProblem(await post("/act", { as: ctx.me, do: "touch", view: view.id, block_id, action_id, ...input })),
    suggest: async (block_id, action_id, typed) => {
      const answer = await post("/act", { as: ctx.me, do: "suggest", view: view.id, block_id, action_id, typed });
      showProblem(answer);
      return answer.options ?? [];
    },
  };
  const cancel = () => post("/act", { as: ctx.me, do: "close", view: view.id }).then(showProblem);
  const form = h("form", { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", novalidate: true, onsubmit: submit },
    h("header", {}, h("h2", { id: "modal-title" }, h("span", { class: "avatar app small", "aria-hidden": "true" }, "D"), textObject(content.title, ctx)),
      h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: cancel }, "✕")),
    h("div", { class: "body" }, renderBlocks(content.blocks, inner), h("p", { class: "trouble", role: "alert", hidden: true })),
    h("footer", {},
      h("button", { type: "button", class: "btn", onclick: cancel }, content.close ? textObject(content.close, ctx) : content.submit ? "Cancel" : "Close"),
      content.submit && h("button", { type: "submit", class: "btn primary", id: "modal-submit" }, textObject(content.submit, ctx))));
  const veil = h("div", { class: "veil" }, form);
  trap(veil, cancel);
  $("#layer").replaceChildren(veil);
  $(".body", form).scrollTop = scrolled;
  const first = (focused && !isNew && $(`[data-action-id="${CSS.escape(focused)}"]`, form)) || $("input, select, textarea", form) || $("button.primary", form) || $("button", form);
  first?.focus({ preventScroll: !isNew });
}

async function submit(event) {
  event.preventDefault();
  const { view, ctx } = shown;
  const send = $("#modal-submit");
  if (!send || send.getAttribute("aria-busy")) return;
  send.setAttribute("aria-busy", "true");
  const values = $$("#layer [data-text]").map((field) => ({ block_id: field.dataset.blockId, action_id: field.dataset.actionId, input: "text", value: field.value }));
  const answer = await post("/act", { as: ctx.me, do: "submit", view: view.id, values });
  send.removeAttribute("aria-busy");
  if (!shown || shown.id !== view.id) return;
  shown.errors = answer.errors ?? {};
  if (Object.keys(shown.errors).length) {
    shown.typed = typedText();
    render(false);
    $("#layer .error")?.closest(".input")?.querySelector("input, select, textarea")?.focus();
  }
  const trouble = $("#layer .trouble");
  if (trouble) {
    trouble.hidden = !answer.error;
    trouble.textContent = answer.error ?? "";
  }
}

/** Keeps the keyboard inside a dialog; Escape leaves it. */
function trap(veil, leave) {
  const stops = () => $$("button, input, select, textarea, a[href]", veil).filter((stop) => stop.offsetParent && !stop.disabled);
  veil.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    if (event.key !== "Tab") return;
    const [first, last] = [stops()[0], stops().at(-1)];
    if (event.shiftKey && document.activeElement === first) { event.preventDefault(); last.focus(); }
    else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
  });
  // A dialog that was out of sight for a while has lost the focus to nobody.
  const resume = (event) => {
    if (!veil.isConnected) document.removeEventListener("keydown", resume);
    else if (document.activeElement === document.body && event.key === "Escape") leave();
    else if (document.activeElement === document.body && event.key === "Tab") { event.preventDefault(); stops()[0]?.focus(); }
  };
  document.addEventListener("keydown", resume);
}

/** Slack's "are you sure?". Answers whether the person is. */
export function confirmDialog(confirm, ctx) {
  return new Promise((decide) => {
    const before = document.activeElement;
    const done = (answer) => { veil.remove(); before?.focus?.(); decide(answer); };
    const veil = h("div", { class: "veil over" },
      h("div", { class: "modal small", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
        h("header", {}, h("h2", { id: "confirm-title" }, textObject(confirm.title, ctx))),
        h("div", { class: "body", id: "confirm-text" }, textObject(confirm.text, ctx)),
        h("footer", {},
          h("button", { type: "button", class: "btn", onclick: () => done(false) }, textObject(confirm.deny, ctx)),
          h("button", { type: "button", class: `btn ${confirm.style ?? "primary"}`, id: "confirm-yes", onclick: () => done(true) }, textObject(confirm.confirm, ctx)))));
    trap(veil, () => done(false));
    $("#frame").append(veil);
    $("#confirm-yes", veil).focus();
  });
}
