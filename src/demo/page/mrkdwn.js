// Slack's mrkdwn as DOM nodes.

import { formatTime, h } from "/dom.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };
const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", lock: "🔒", unlock: "🔓",
  key: "🔑", hourglass: "⌛", hourglass_flowing_sand: "⏳", clock1: "🕐", alarm_clock: "⏰", bell: "🔔", wave: "👋", eyes: "👀",
  tada: "🎉", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", no_entry: "⛔", no_entry_sign: "🚫", information_source: "ℹ️",
  bulb: "💡", memo: "📝", mag: "🔍", link: "🔗", fire: "🔥", shield: "🛡️", ticket: "🎫", calendar: "📅", speech_balloon: "💬",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", white_circle: "⚪", arrow_right: "➡️", repeat: "🔁",
  question: "❓", exclamation: "❗", raised_hand: "✋", busts_in_silhouette: "👥", bust_in_silhouette: "👤", gear: "⚙️",
};

const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Nodes for a whole mrkdwn text. `ctx` knows the people, channels and the reader's zone. */
export function mrkdwn(text, ctx) {
  return text.split("```").flatMap((part, index) => {
    if (index % 2 === 1) return [h("pre", {}, h("code", {}, decode(part.replace(/^\n/, "").replace(/\n$/, ""))))];
    return lines(part, ctx);
  });
}

function lines(text, ctx) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = line.match(/^(?:&gt;|>)\s?(.*)$/);
    if (quoted) {
      if (quote) quote.append(h("br"));
      else nodes.push((quote = h("blockquote")));
      quote.append(...inline(quoted[1], ctx));
      return;
    }
    if (index > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line, ctx));
  });
  return nodes;
}

function inline(text, ctx) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(decode(plain)));
    plain = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    const rest = text.slice(at);
    const reference = sign === "<" && rest.match(/^<([^<>\n]+)>/);
    const code = sign === "`" && rest.match(/^`([^`\n]+)`/);
    const emoji = sign === ":" && rest.match(/^:([a-z0-9_+-]+):/);
    const end = STYLES[sign] ? closing(text, at) : -1;
    if (reference) {
      flush();
      nodes.push(refer(reference[1], ctx));
      at += reference[0].length - 1;
    } else if (code) {
      flush();
      nodes.push(h("code", {}, decode(code[1])));
      at += code[0].length - 1;
    } else if (emoji && EMOJI[emoji[1]]) {
      flush();
      nodes.push(h("span", { role: "img", "aria-label": emoji[1].replaceAll("_", " ") }, EMOJI[emoji[1]]));
      at += emoji[0].length - 1;
    } else if (end > at) {
      flush();
      nodes.push(h(STYLES[sign], {}, inline(text.slice(at + 1, end), ctx)));
      at = end;
    } else {
      plain += sign;
    }
  }
  flush();
  return nodes;
}

/** Where the style that begins at `start` ends, or -1 if it is only a sign. */
function closing(text, start) {
  const sign = text[start];
  if (/\w/.test(text[start - 1] ?? "") || /\s/.test(text[start + 1] ?? " ")) return -1;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "<") {
      const close = text.indexOf(">", at);
      if (close > 0) at = close;
    } else if (text[at] === sign && at > start + 1 && !/\s/.test(text[at - 1]) && !/\w/.test(text[at + 1] ?? "")) {
      return at;
    }
  }
  return -1;
}

function refer(token, ctx) {
  const [target, label] = splitOnce(token, "|");
  if (target.startsWith("@")) return mention(`@${ctx.user(target.slice(1))?.name ?? label ?? target.slice(1)}`, target.slice(1) === ctx.me);
  if (target.startsWith("#")) return mention(`#${ctx.channel(target.slice(1))?.name ?? label ?? target.slice(1)}`);
  if (target.startsWith("!subteam^")) return mention(`@${ctx.group(target.slice(9))?.handle ?? decode(label ?? "group").replace(/^@/, "")}`);
  if (target.startsWith("!date^")) return date(target, label, ctx);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`);
  const url = decode(target);
  const safe = /^(https?|mailto):/i.test(url) ? url : null;
  return safe
    ? h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, decode(label ?? url.replace(/^mailto:/, "")))
    : document.createTextNode(decode(label ?? url));
}

function mention(words, isMe = false) {
  return h("span", { class: isMe ? "mention me" : "mention" }, words);
}

/** `!date^<unix>^<format>[^<link>]`, in the zone of whoever reads. */
function date(target, label, ctx) {
  const [, seconds, pattern] = target.split("^");
  const ms = Number(seconds) * 1000;
  if (!Number.isFinite(ms) || !pattern) return document.createTextNode(decode(label ?? ""));
  const format = (options) => formatTime(ms, ctx.zone, options);
  const day = (at) => formatTime(at, ctx.zone, { dateStyle: "short" });
  const pretty = (words) => {
    const offset = [0, -1, 1].find((days) => day(ctx.now() + days * 86400000) === day(ms));
    return offset === undefined ? words : { 0: "today", "-1": "yesterday", 1: "tomorrow" }[offset];
  };
  const long = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const middle = format({ day: "numeric", month: "long", year: "numeric" });
  const short = format({ day: "numeric", month: "short", year: "numeric" });
  const parts = {
    date: middle, date_num: format({ year: "numeric", month: "2-digit", day: "2-digit" }), date_short: short, date_long: long,
    date_pretty: pretty(middle), date_short_pretty: pretty(short), date_long_pretty: pretty(long),
    time: format({ hour: "2-digit", minute: "2-digit" }), time_secs: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    ago: ago(ms - ctx.now()),
  };
  const words = decode(pattern).replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
  const title = `${long}, ${parts.time} ${ctx.zone}`;
  return h("time", { datetime: new Date(ms).toISOString(), title }, words);
}

function ago(distance) {
  const minutes = Math.round(Math.abs(distance) / 60000);
  const words = minutes < 60 ? `${minutes} min` : minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
  return distance > 0 ? `in ${words}` : `${words} ago`;
}

function splitOnce(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** A `plain_text` or `mrkdwn` object as nodes. */
export function textObject(object, ctx) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, ctx) : plainText(object.text);
}

function plainText(text) {
  const words = text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
  return words.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}
