// Small helpers. Everything a person or the app wrote reaches the page as text nodes, never as markup.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Builds an element. `on…` attributes are listeners; null and false leave an attribute out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

export async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) return { error: await response.text() };
    return await response.json();
  } catch {
    return { error: "the demo has ended: start it again in the terminal" };
  }
}

export function toast(words, kind = "info") {
  const note = h("div", { class: `toast ${kind}` }, words);
  $("#toasts").append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 9000 : 5000);
}

const NAMES = {
  operation_timeout: "operation_timeout: the app did not answer within 3 seconds.",
  dispatch_failed: "dispatch_failed: the app could not be reached.",
};

/** Shows what went wrong, in the words Slack uses, with what they mean. */
export function showProblem(answer) {
  if (!answer.error) return;
  const known = Object.keys(NAMES).find((name) => answer.error.includes(name));
  const words = known ? answer.error.replace(`"${known}"`, known).replace(known, NAMES[known]) : answer.error;
  toast(words, "bad");
}

const ICONS = {
  lock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  eye: "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  home: "M4 11.5 12 4l8 7.5M6.5 10v9.5h11V10",
  send: "M4 5l16.5 7L4 19l2.8-7zM6.8 12H13",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2",
};

/** A line drawing, so that nothing depends on the fonts of whoever looks. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A person's picture: their initials on a colour of their own. */
export function avatar(user, size = "") {
  if (user?.is_bot) return h("span", { class: `avatar app ${size}`, "aria-hidden": "true" }, "D");
  const name = user?.real_name ?? "?";
  const initials = name.split(" ").map((part) => part[0]).slice(0, 2).join("");
  const picture = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, initials);
  picture.style.setProperty("--hue", user?.hue ?? 265);
  return picture;
}

export function formatTime(ms, zone, options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options }).format(new Date(ms));
}

/** "Berlin" of "Europe/Berlin". */
export const city = (zone) => zone.split("/").pop().replaceAll("_", " ");
