// Markdown as nodes, never as markup: what is not understood stays text. Images are named, not loaded; links show where they lead.
import { element } from "/ui/api.js";
import { Marker } from "/ui/marks.js";
import { inline } from "/ui/inline.js";

const DEEP = 8; // quotes and lists in each other
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;
const DIVIDER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const UNDER = /^ {0,3}(=+|-+)[ \t]*$/; // a line below makes those above a heading
const TASK = /^\[([ xX])\][ \t]+/;

// A line and where it stands in the whole.
const linesOf = (text) => {
  let at = 0;
  return text.split("\n").map((line) => {
    const here = { text: line.replace(/\r$/, ""), at };
    at += line.length + 1;
    return here;
  });
};
const cut = (line, length) => ({ text: line.text.slice(length), at: line.at + length });
const blank = (line) => !line.text.trim();
const begins = (line) => [HEADING, RULE, FENCE, QUOTE, ITEM].some((sign) => sign.test(line.text));

// `text` as blocks; `spans` mark the evidence of labels in it; `slack`: one * is bold, one ~ struck out. Returns the element
// and the labels that stand in it.
export function rendered(text, spans = [], slack = false) {
  const whole = element("div", undefined, "prose");
  const marker = new Marker(text, spans);
  marker.slack = slack;
  blocks(whole, linesOf(text), marker, 0);
  return { whole, named: marker.name() };
}

function blocks(parent, lines, marker, deep) {
  let at = 0;
  while (at < lines.length) {
    if (blank(lines[at])) {
      at += 1;
      continue;
    }
    const take = KINDS.find(([fits]) => fits(lines, at, deep));
    at = take[1](parent, lines, at, marker, deep);
  }
}

function words(parent, lines, marker) {
  const places = [];
  for (const line of lines) {
    for (let unit = 0; unit < line.text.length; unit += 1) places.push(line.at + unit);
    places.push(line.at + line.text.length);
  }
  const text = lines.map((line) => line.text).join("\n");
  inline(parent, text.trimEnd(), places, marker);
}

function heading(parent, lines, at, marker) {
  const sign = HEADING.exec(lines[at].text);
  const line = cut(lines[at], sign[0].length);
  const made = element(`h${Math.min(6, sign[1].length + 2)}`);
  words(made, [{ ...line, text: line.text.replace(/[ \t]+#+[ \t]*$/, "") }], marker);
  parent.append(made);
  return at + 1;
}

function rule(parent, lines, at) {
  parent.append(element("hr"));
  return at + 1;
}

function fence(parent, lines, at, marker) {
  const sign = FENCE.exec(lines[at].text)[1];
  const code = element("code");
  let to = at + 1;
  for (; to < lines.length; to += 1) {
    const ends = FENCE.exec(lines[to].text);
    if (ends && ends[1].startsWith(sign) && lines[to].text.trim() === ends[1]) break;
    if (to > at + 1) code.append("\n");
    marker.put(code, lines[to].text, lines[to].at);
  }
  const block = element("pre");
  block.tabIndex = 0; // it scrolls by itself
  block.append(code);
  parent.append(block);
  return to + 1;
}

function quote(parent, lines, at, marker, deep) {
  const inside = [];
  let to = at;
  for (; to < lines.length; to += 1) {
    const sign = QUOTE.exec(lines[to].text);
    if (!sign && (blank(lines[to]) || begins(lines[to]))) break;
    inside.push(cut(lines[to], sign ? sign[0].length : 0));
  }
  const made = element("blockquote");
  blocks(made, inside, marker, deep + 1);
  parent.append(made);
  return to;
}

// The lines of one item: those that are indented as its text is, and those that go on lazily.
function item(lines, at) {
  const sign = ITEM.exec(lines[at].text);
  const width = sign[0].length;
  const inside = [cut(lines[at], width)];
  let to = at + 1;
  for (; to < lines.length; to += 1) {
    const line = lines[to];
    const indent = line.text.length - line.text.trimStart().length;
    if (blank(line)) {
      const next = lines[to + 1];
      if (!next || blank(next) || next.text.length - next.text.trimStart().length < Math.min(width, 2)) break;
      inside.push(cut(line, line.text.length));
    } else if (indent >= Math.min(width, 2)) inside.push(cut(line, Math.min(indent, width)));
    else if (begins(line) || blank(lines[to - 1])) break;
    else inside.push(cut(line, indent));
  }
  return [inside, to];
}

function list(parent, lines, at, marker, deep) {
  const ordered = /\d/.test(ITEM.exec(lines[at].text)[2]);
  const made = element(ordered ? "ol" : "ul");
  if (ordered) made.start = Number.parseInt(ITEM.exec(lines[at].text)[2], 10);
  let to = at;
  while (to < lines.length) {
    const sign = ITEM.exec(lines[to].text);
    if (blank(lines[to]) && ITEM.test(lines[to + 1]?.text || "")) to += 1;
    else if (!sign || /\d/.test(sign[2]) !== ordered || RULE.test(lines[to].text)) break;
    else {
      const [inside, next] = item(lines, to);
      made.append(entry(inside, marker, deep));
      to = next;
    }
  }
  parent.append(made);
  return to;
}

function entry(inside, marker, deep) {
  const made = element("li");
  const task = TASK.exec(inside[0].text);
  if (task) {
    const done = task[1] !== " ";
    const box = element("span", done ? "☑ " : "☐ ", "box");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", done ? "done: " : "to do: ");
    made.className = "task";
    made.append(box);
    inside[0] = cut(inside[0], task[0].length);
  }
  const plain = inside.findIndex((line, index) => index > 0 && (blank(line) || begins(line)));
  const first = plain < 0 ? inside : inside.slice(0, plain);
  if (begins(first[0])) blocks(made, inside, marker, deep + 1);
  else {
    words(made, first, marker);
    if (plain >= 0) blocks(made, inside.slice(plain), marker, deep + 1);
  }
  return made;
}

function cells(line) {
  const found = [];
  let from = line.text.search(/\S/);
  if (line.text[from] === "|") from += 1;
  for (let unit = from; unit <= line.text.length; unit += 1) {
    if (line.text[unit] === "\\") unit += 1;
    else if (unit === line.text.length || line.text[unit] === "|") {
      const whole = line.text.slice(from, unit);
      const lead = whole.length - whole.trimStart().length;
      if (unit < line.text.length || whole.trim()) found.push({ text: whole.trim(), at: line.at + from + lead });
      from = unit + 1;
    }
  }
  return found;
}

function table(parent, lines, at, marker) {
  const head = cells(lines[at]);
  const row = (name, values) => {
    const made = element("tr");
    head.forEach((_, index) => {
      const one = element(name);
      if (name === "th") one.scope = "col";
      if (values[index]) words(one, [values[index]], marker);
      if (/^[-–+]?[\d.,]+ ?%?$/.test(values[index]?.text || "")) one.className = "number";
      made.append(one);
    });
    return made;
  };
  const whole = element("table");
  const top = element("thead");
  const body = element("tbody");
  top.append(row("th", head));
  let to = at + 2;
  for (; to < lines.length && lines[to].text.includes("|") && !blank(lines[to]); to += 1) body.append(row("td", cells(lines[to])));
  whole.append(top, body);
  const wide = element("div", undefined, "wide");
  wide.tabIndex = 0;
  wide.setAttribute("role", "region");
  wide.setAttribute("aria-label", "Table");
  wide.append(whole);
  parent.append(wide);
  return to;
}

function paragraph(parent, lines, at, marker) {
  let to = at + 1;
  while (to < lines.length && !blank(lines[to]) && !begins(lines[to]) && !UNDER.test(lines[to].text)) to += 1;
  const under = to < lines.length && UNDER.exec(lines[to].text);
  const made = element(under ? (under[1][0] === "=" ? "h3" : "h4") : "p");
  words(made, lines.slice(at, to).map((line) => cut(line, line.text.length - line.text.trimStart().length)), marker);
  parent.append(made);
  return under ? to + 1 : to;
}

const is = (sign) => (lines, at) => sign.test(lines[at].text);
const shallow = (sign) => (lines, at, deep) => deep < DEEP && sign.test(lines[at].text);
const KINDS = [
  [is(HEADING), heading],
  [is(FENCE), fence],
  [is(RULE), rule],
  [shallow(QUOTE), quote],
  [shallow(ITEM), list],
  [(lines, at) => lines[at].text.includes("|") && DIVIDER.test(lines[at + 1]?.text || "") && lines[at + 1].text.includes("-"), table],
  [() => true, paragraph],
];
