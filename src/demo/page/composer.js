// The message box, with a hint of what `/jit` takes.

import { $, $$, h, post, showProblem } from "/dom.js";

const COMMANDS = [
  ["/jit request", "[resource role duration reason]", "Ask for access"],
  ["/jit mine", "", "What I hold, and until when"],
  ["/jit pending", "", "What waits for me"],
  ["/jit done", "[G-57]", "I'm finished: end it now"],
  ["/jit extend", "G-57 1h [reason]", "Ask for more time"],
  ["/jit why", "R-42", "Which policy decided, what is missing"],
  ["/jit cancel", "[R-42]", "Withdraw a request"],
  ["/jit revoke", "G-57", "End somebody's access now"],
  ["/jit help", "", "Everything you can do"],
];

let active = 0;

export function setUpComposer(current) {
  const box = $("#composer");
  const sent = [];
  const send = async () => {
    const text = box.value.trim();
    if (!text) return;
    sent.push(text);
    fill("");
    box.focus();
    $("#send").setAttribute("aria-busy", "true");
    showProblem(await post("/act", { as: current().me, do: "send", channel: current().channel, text }));
    $("#send").removeAttribute("aria-busy");
  };
  $("#write").addEventListener("submit", (event) => { event.preventDefault(); send(); });
  box.addEventListener("input", () => { active = 0; hint(); });
  box.addEventListener("blur", () => setTimeout(() => show([]), 120));
  box.addEventListener("focus", hint);
  box.addEventListener("keydown", (event) => {
    const rows = $$("#hints [role=option]");
    if (rows.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      active = (active + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
      hint();
    } else if (rows.length && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      rows[active]?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
    } else if (event.key === "Escape") {
      show([]);
    } else if (event.key === "ArrowUp" && !box.value && sent.length) {
      event.preventDefault();
      fill(sent.at(-1));
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
}

/** Puts words into the message box. */
export function fill(words) {
  const box = $("#composer");
  box.value = words;
  box.style.height = "";
  hint();
}

function hint() {
  const box = $("#composer");
  box.style.height = "";
  box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
  const typed = box.value;
  const isCommand = typed.startsWith("/") && document.activeElement === box;
  show(isCommand ? COMMANDS.filter(([command]) => command.startsWith(typed.trimEnd())) : []);
}

function show(commands) {
  const list = $("#hints");
  list.hidden = commands.length === 0;
  $("#composer").setAttribute("aria-expanded", String(!list.hidden));
  active = Math.min(active, Math.max(commands.length - 1, 0));
  list.replaceChildren(...commands.map(([command, takes, does], index) =>
    h("div", {
      role: "option", id: `hint-${index}`, "aria-selected": String(index === active),
      onmousedown: (event) => { event.preventDefault(); fill(`${command} `); $("#composer").focus(); },
    }, h("b", {}, command), takes && h("span", { class: "takes" }, ` ${takes}`), h("small", {}, does))));
  $("#composer").setAttribute("aria-activedescendant", commands.length ? `hint-${active}` : "");
  $(`#hint-${active}`)?.scrollIntoView({ block: "nearest" });
}
