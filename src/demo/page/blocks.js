// Block Kit as DOM nodes. `ctx` says who reads and what to do when something is touched:
// ctx.touch(block_id, action_id, input), ctx.suggest(block_id, action_id, typed), ctx.entered(block_id, action_id).

import { h, icon } from "/dom.js";
import { mrkdwn, textObject } from "/mrkdwn.js";
import { confirmDialog } from "/modal.js";

export function renderBlocks(blocks, ctx) {
  return blocks.map((block) => renderBlock(block, ctx));
}

function renderBlock(block, ctx) {
  switch (block.type) {
    case "header":
      return h("h3", { class: "block header" }, textObject(block.text, ctx));
    case "divider":
      return h("hr", { class: "block" });
    case "context":
      return h("div", { class: "block context" }, block.elements.map((part) => h("span", {}, part.type === "image" ? part.alt_text : textObject(part, ctx))));
    case "actions":
      return h("div", { class: "block actions" }, block.elements.map((element) => renderElement(element, block, ctx)));
    case "section":
      return section(block, ctx);
    case "input":
      return inputBlock(block, ctx);
    case "rich_text":
      return h("div", { class: "block" }, block.elements.map((part) => richText(part, ctx)));
    case "image":
      return h("p", { class: "block image" }, block.alt_text);
    default:
      return h("p", { class: "block" }, `(${block.type})`);
  }
}

function section(block, ctx) {
  const words = h("div", { class: "words" },
    block.text && h("div", {}, textObject(block.text, ctx)),
    block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", {}, textObject(field, ctx)))));
  return h("div", { class: "block section" }, words, block.accessory && h("div", { class: "accessory" }, renderElement(block.accessory, block, ctx)));
}

function inputBlock(block, ctx) {
  const id = `${ctx.prefix}-${block.block_id}`;
  const isGroup = ["radio_buttons", "checkboxes"].includes(block.element.type);
  const error = ctx.errors?.[block.block_id];
  const label = [textObject(block.label, ctx), block.optional && h("span", { class: "optional" }, " (optional)")];
  const element = renderElement(block.element, block, ctx, { id, describedby: `${id}-more`, invalid: Boolean(error) });
  return h(isGroup ? "fieldset" : "div", { class: "block input", "data-block-id": block.block_id },
    isGroup ? h("legend", {}, label) : h("label", { for: id }, label),
    element,
    h("div", { id: `${id}-more` },
      error && h("p", { class: "error", role: "alert" }, icon("warning"), ` ${error}`),
      block.hint && h("p", { class: "hint" }, textObject(block.hint, ctx))));
}

function renderElement(element, block, ctx, field = {}) {
  const known = ctx.entered?.(block.block_id, element.action_id);
  const touch = async (input, node) => {
    if (element.confirm && !(await confirmDialog(element.confirm, ctx))) return false;
    node?.setAttribute("aria-busy", "true");
    await ctx.touch(block.block_id, element.action_id, input);
    node?.removeAttribute("aria-busy");
    return true;
  };
  const common = {
    id: field.id, "data-action-id": element.action_id, "data-block-id": block.block_id,
    "aria-describedby": field.describedby, "aria-invalid": field.invalid ? "true" : null,
    "aria-label": field.id ? null : element.accessibility_label ?? element.placeholder?.text ?? null,
  };
  switch (element.type) {
    case "button":
      return button(element, common, touch);
    case "overflow":
      return overflow(element, common, touch, ctx);
    case "static_select":
    case "users_select":
      return select(element, common, touch, known, ctx);
    case "external_select":
      return search(element, block, common, touch, known, ctx);
    case "radio_buttons":
    case "checkboxes":
      return choices(element, block, common, touch, known, ctx);
    case "plain_text_input":
      return textInput(element, block, common, touch, known, ctx);
    case "datepicker":
      return h("input", { ...common, type: "date", value: known?.selected_date ?? "", onchange: (event) => touch(dated("date", event.target.value)) });
    case "timepicker":
      return h("input", { ...common, type: "time", value: known?.selected_time ?? "", onchange: (event) => touch(dated("time", event.target.value)) });
    default:
      return h("span", {}, element.alt_text ?? `(${element.type})`);
  }
}

const dated = (input, value) => (value ? { input, value } : { input: "cleared" });

function button(element, common, touch) {
  const press = (event) => {
    if (element.url) window.open(element.url, "_blank", "noopener");
    touch({ input: "press" }, event.currentTarget);
  };
  return h("button", { ...common, type: "button", class: `btn ${element.style ?? ""}`, onclick: press }, textObject(element.text, {}));
}

function overflow(element, common, touch, ctx) {
  const menu = h("div", { class: "menu", role: "menu", hidden: true },
    element.options.map((option) =>
      h("button", { type: "button", role: "menuitem", class: "item", onclick: () => { show(false); opener.focus(); touch({ input: "option", value: option.value }, opener); } }, textObject(option.text, ctx))));
  const opener = h("button", { ...common, "aria-label": "More", type: "button", class: "btn more", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => show(menu.hidden) }, "⋯");
  const place = () => {
    const [around, here] = [document.querySelector("#messages").getBoundingClientRect(), opener.getBoundingClientRect()];
    menu.classList.toggle("end", here.left > (around.left + around.right) / 2);
    menu.classList.toggle("up", here.bottom + 44 * element.options.length > around.bottom);
  };
  const show = (open) => {
    place();
    // As long as it is open it stays on the screen, also when that is turned.
    (open ? window.addEventListener : window.removeEventListener)("resize", place);
    menu.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector("button").focus();
  };
  const wrap = h("span", { class: "popup" }, opener, menu);
  wrap.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape" && !menu.hidden) { event.stopPropagation(); show(false); opener.focus(); }
    if (event.key === "ArrowDown" && !menu.hidden) { event.preventDefault(); items[(at + 1) % items.length].focus(); }
    if (event.key === "ArrowUp" && !menu.hidden) { event.preventDefault(); items[(at + items.length - 1) % items.length].focus(); }
  });
  wrap.addEventListener("focusout", (event) => { if (!wrap.contains(event.relatedTarget)) show(false); });
  return wrap;
}

function select(element, common, touch, known, ctx) {
  const isUsers = element.type === "users_select";
  const chosen = isUsers ? known?.selected_user : known?.selected_option?.value;
  const option = (item) => h("option", { value: item.value, selected: item.value === chosen }, item.text.text);
  const people = ctx.people?.().map((user) => ({ value: user.id, text: { text: user.real_name } })) ?? [];
  const options = isUsers ? people.map(option)
    : element.option_groups ? element.option_groups.map((group) => h("optgroup", { label: group.label.text }, group.options.map(option)))
    : element.options.map(option);
  const input = isUsers ? "user" : "option";
  return h("select", { ...common, onchange: (event) => touch(dated(input, event.target.value), event.target) },
    h("option", { value: "", selected: !chosen }, element.placeholder?.text ?? "Choose an option"), options);
}

/** An external select: a text field whose options come from the app. */
function search(element, block, common, touch, known, ctx) {
  const list = h("div", { class: "options", role: "listbox", id: `${common.id}-list`, hidden: true });
  let latest = 0;
  let active = -1;
  let chosen = known?.selected_option ?? null;
  const field = h("input", {
    ...common, type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    placeholder: element.placeholder?.text ?? "Search", value: chosen?.text.text ?? "",
  });
  const show = (open) => { list.hidden = !open; field.setAttribute("aria-expanded", String(open)); };
  const pick = (option) => { chosen = option; field.value = option.text.text; show(false); touch({ input: "option", value: option.value }, field); };
  const mark = (next) => {
    const items = [...list.querySelectorAll("[role=option]")];
    active = items.length ? (next + items.length) % items.length : -1;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === active)));
    field.setAttribute("aria-activedescendant", items[active]?.id ?? "");
    items[active]?.scrollIntoView({ block: "nearest" });
  };
  const ask = async (typed) => {
    const question = (latest += 1);
    if (typed.length < (element.min_query_length ?? 3)) return show(false);
    const options = await ctx.suggest(block.block_id, element.action_id, typed);
    if (question !== latest) return undefined;
    list.replaceChildren(...(options.length
      ? options.map((option, index) => h("div", { role: "option", id: `${list.id}-${index}`, class: "item", onmousedown: (event) => { event.preventDefault(); pick(option); } },
          textObject(option.text, ctx), option.description && h("small", {}, textObject(option.description, ctx))))
      : [h("p", { class: "none" }, "No matches")]));
    show(true);
    mark(0);
    return undefined;
  };
  field.addEventListener("click", () => list.hidden && ask(chosen ? "" : field.value));
  field.addEventListener("input", () => ask(field.value));
  field.addEventListener("blur", () => { show(false); if (chosen) field.value = chosen.text.text; });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown") { event.preventDefault(); ask(chosen ? "" : field.value); }
      return;
    }
    if (event.key === "ArrowDown") { event.preventDefault(); mark(active + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); mark(active - 1); }
    if (event.key === "Escape") { event.stopPropagation(); show(false); }
    if (event.key === "Enter") { event.preventDefault(); list.querySelectorAll("[role=option]")[active]?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })); }
  });
  return h("div", { class: "search" }, field, list);
}

function choices(element, block, common, touch, known, ctx) {
  const many = element.type === "checkboxes";
  const chosen = many ? (known?.selected_options ?? []).map((option) => option.value) : [known?.selected_option?.value];
  const group = h("div", { class: "choices", role: many ? "group" : "radiogroup", "data-action-id": common["data-action-id"], "aria-label": common["aria-label"] });
  const changed = () => {
    const values = [...group.querySelectorAll("input:checked")].map((input) => input.value);
    touch(many ? { input: "options", values } : { input: "option", value: values[0] });
  };
  group.append(...element.options.map((option) =>
    h("label", { class: "choice" },
      h("input", { type: many ? "checkbox" : "radio", name: `${ctx.prefix}-${block.block_id}-${element.action_id}`, value: option.value, checked: chosen.includes(option.value), onchange: changed }),
      h("span", {}, textObject(option.text, ctx), option.description && h("small", {}, textObject(option.description, ctx))))));
  return group;
}

function textInput(element, block, common, touch, known, ctx) {
  const field = h(element.multiline ? "textarea" : "input", {
    ...common, "data-text": "", type: element.multiline ? null : "text", rows: element.multiline ? "3" : null, maxlength: element.max_length,
    placeholder: element.placeholder?.text, value: ctx.typed?.(block.block_id, element.action_id) ?? known?.value ?? "",
  });
  field.addEventListener("change", () => touch({ input: "text", value: field.value }));
  return field;
}

function richText(node, ctx) {
  const children = () => (node.elements ?? []).map((child) => richText(child, ctx));
  switch (node.type) {
    case "rich_text_section": return h("p", {}, children());
    case "rich_text_quote": return h("blockquote", {}, children());
    case "rich_text_preformatted": return h("pre", {}, h("code", {}, children()));
    case "rich_text_list": return h(node.style === "ordered" ? "ol" : "ul", {}, node.elements.map((item) => h("li", {}, richText(item, ctx))));
    case "user": return h("span", {}, mrkdwn(`<@${node.user_id}>`, ctx));
    case "channel": return h("span", {}, mrkdwn(`<#${node.channel_id}>`, ctx));
    case "usergroup": return h("span", {}, mrkdwn(`<!subteam^${node.usergroup_id}>`, ctx));
    case "emoji": return h("span", {}, mrkdwn(`:${node.name}:`, ctx));
    case "date": return h("span", {}, mrkdwn(`<!date^${node.timestamp}^${node.format}|${node.fallback ?? ""}>`, ctx));
    case "link": return h("a", { href: /^https?:/.test(node.url) ? node.url : null, target: "_blank", rel: "noopener noreferrer" }, node.text ?? node.url);
    default: return styled(node);
  }
}

function styled(node) {
  const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
  return Object.entries(tags).reduce((inner, [style, tag]) => (node.style?.[style] ? h(tag, {}, inner) : inner), document.createTextNode(node.text ?? ""));
}
