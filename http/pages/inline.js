// The words of a line of Markdown: emphasis, code, links. Each search looks only so far ahead, so that no text takes long.
import { element } from "/ui/api.js";

const DEEP = 6;
const FAR = 2000;
const STRONG = [["**", "strong"], ["__", "strong"], ["~~", "del"], ["*", "em"], ["_", "em"]];
const SLACK = [["*", "strong"], ["_", "em"], ["~", "del"]];
const ESCAPED = /[!-/:-@[-`{-~]/;
const BARE = /https?:\/\/[^\s<>"'`|\\^{}[\]]+/y;
const WORD = /[\p{L}\p{N}_]/u;
const SPECIAL = /[\\`*_~![<]|https?:\/\/| {2,}\n/g;

export function inline(parent, text, places, marker, deep = 0) {
  let from = 0;
  let at = 0;
  const flush = (to) => {
    if (to > from) marker.put(parent, text.slice(from, to), places.slice(from, to));
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text);
    if (!next) break;
    at = next.index;
    const found = deep < DEEP && special(text, at, marker.slack);
    if (!found) {
      at += 1;
      continue;
    }
    flush(at);
    put(parent, text, places, marker, deep, found);
    at = from = found.to;
  }
  flush(text.length);
}

function put(parent, text, places, marker, deep, { node, begin, end, plain }) {
  const into = node || parent;
  if (plain) marker.put(into, text.slice(begin, end), places.slice(begin, end));
  else inline(into, text.slice(begin, end), places.slice(begin, end), marker, deep + 1);
  if (!node) return;
  parent.append(node);
  const where = node.dataset.where;
  if (where) parent.append(element("span", ` (${where})`, "where"));
}

function special(text, at, slack) {
  const sign = text[at];
  if (sign === " " || text.startsWith("\\\n", at)) {
    const end = text.indexOf("\n", at) + 1;
    return { node: element("br"), begin: end, end, to: end, plain: true };
  }
  if (sign === "\\") return ESCAPED.test(text[at + 1] || "") ? { begin: at + 1, end: at + 2, to: at + 2, plain: true } : null;
  if (sign === "`") return code(text, at);
  if (sign === "!") return text[at + 1] === "[" ? linked(text, at + 1, true) : null;
  if (sign === "[") return linked(text, at, false);
  if (sign === "<") return pointed(text, at);
  if (sign === "h") return bare(text, at);
  return strong(text, at, slack);
}

function code(text, at) {
  let run = 1;
  while (text[at + run] === "`") run += 1;
  for (let end = text.indexOf("`", at + run); end >= 0 && end < at + FAR; end = text.indexOf("`", end)) {
    let length = 1;
    while (text[end + length] === "`") length += 1;
    if (length === run) return { node: element("code"), begin: at + run, end, to: end + run, plain: true };
    end += length;
  }
  return { begin: at, end: at + run, to: at + run, plain: true };
}

function strong(text, at, slack) {
  for (const [sign, name] of slack ? SLACK : STRONG) {
    if (!text.startsWith(sign, at)) continue;
    const begin = at + sign.length;
    if (!/\S/.test(text[begin] || "") || ((slack || sign[0] === "_") && WORD.test(text[at - 1] || ""))) return null;
    const far = text.slice(begin, begin + FAR);
    for (let end = far.indexOf(sign, 1); end > 0; end = far.indexOf(sign, end + 1)) {
      if (/\s/.test(far[end - 1]) || far[end - 1] === "\\") continue;
      if (sign.length === 1 && (far[end + 1] === sign || far[end - 1] === sign)) continue;
      if ((slack || sign[0] === "_") && WORD.test(far[end + sign.length] || "")) continue;
      return { node: element(name), begin, end: begin + end, to: begin + end + sign.length };
    }
    return { begin: at, end: begin, to: begin, plain: true };
  }
  return null;
}

// Only what a browser opens as a page or a mail; anything else stays text.
export function link(address) {
  let where;
  try {
    where = new URL(address);
  } catch {
    return null;
  }
  if (!["http:", "https:", "mailto:"].includes(where.protocol)) return null;
  const made = element("a");
  made.href = where.href;
  made.rel = "noopener noreferrer nofollow";
  made.target = "_blank";
  made.dataset.where = where.protocol === "mailto:" ? where.pathname : where.host;
  return made;
}

// A place of our own: something that was said, a note, a meeting.
function own(address) {
  if (!/^\/ui\/(?:conversations|meetings|notes)#[\w%./~-]+$/.test(address)) return null;
  const made = element("a", undefined, "place");
  made.href = address;
  return made;
}

function linked(text, at, image) {
  const far = text.slice(at, at + FAR);
  if (!far.includes("](")) return null;
  let open = 0;
  let close = -1;
  for (let unit = 0; unit < far.length && close < 0; unit += 1) {
    if (far[unit] === "\\") unit += 1;
    else if (far[unit] === "[") open += 1;
    else if (far[unit] === "]" && --open === 0) close = unit;
  }
  if (close < 0 || far[close + 1] !== "(") return null;
  const target = /^\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(far.slice(close + 1));
  const node = target && (link(target[1]) || (!image && own(target[1])));
  if (!node) return null;
  if (image) node.append("Image: ");
  return { node, begin: at + 1, end: at + close, to: at + close + 1 + target[0].length, plain: image };
}

function pointed(text, at) {
  const found = /^<(https?:\/\/[^\s<>]+|[^\s<>@:]+@[^\s<>@:]+)>/.exec(text.slice(at, at + FAR));
  const node = found && link(found[1].includes("://") ? found[1] : `mailto:${found[1]}`);
  return node && { node: shown(node, found[1]), begin: at + 1, end: at + found[0].length - 1, to: at + found[0].length, plain: true };
}

function bare(text, at) {
  BARE.lastIndex = at;
  const found = BARE.exec(text)?.[0].replace(/[.,;:!?)*_~]+$/, "");
  const node = found && link(found);
  return node && { node: shown(node, found), begin: at, end: at + found.length, to: at + found.length, plain: true };
}

// Where its own words say plainly where it leads, that is enough: not with a name before @, or letters of another script.
function shown(node, words) {
  if (!words.slice(8).includes("@") && words.toLowerCase().includes(node.dataset.where)) delete node.dataset.where;
  return node;
}

const SIGNS = /^\s*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)\s+)?(?:\[[ xX]\]\s+)?/;
const LOOSE = /^(?:\*\*|__|[*_])(?=[^\s*_`])|([^\s*_`])(?:\*\*|__)$/g; // a sentence cut out of what they enclose
const SURE = /(\*\*|`)(?=\S)([^\n]*?\S)\1/g;
const ROUND = /(^|[\s("“])([*_])(?=[^\s*_`])([^\n*_]*[^\s*_])\2(?=$|[\s.,;:!?)"”])/g; // 2*3*4 and a_b_c stay what they are

// What was quoted, without the signs of Markdown: all of them in a note, elsewhere those that are nothing else.
export function quoted(text, type) {
  const line = text.replace(/\s+/g, " ").trim();
  if (type !== "note") return line.replace(SURE, "$2").replace(ROUND, "$1$3").replace(LOOSE, "$1");
  const whole = element("span");
  inline(whole, line.replace(SIGNS, ""), "", { put: (parent, words) => parent.append(words) });
  for (const each of whole.querySelectorAll(".where")) each.remove();
  return whole.textContent.replace(LOOSE, "$1");
}
