// Evidence in a text: pieces of it are marked, and each label is named behind the end of what it marks.
import { element } from "/ui/api.js";
import { chip, hueOf, nameOf } from "/ui/labels.js";

// Offsets count characters as Python does; JavaScript counts UTF-16 units.
function inUnits(text, spans) {
  const wanted = spans.filter((span) => 0 <= span.start && span.start < span.end);
  const cuts = [...new Set(wanted.flatMap((span) => [span.start, span.end]))].sort((a, b) => a - b);
  const units = new Map();
  let characters = 0;
  let unit = 0;
  for (const cut of cuts) {
    while (characters < cut && unit < text.length) {
      unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      characters += 1;
    }
    if (characters === cut) units.set(cut, unit);
  }
  const inside = wanted.filter((span) => units.has(span.start) && units.has(span.end));
  return inside.map((span) => ({ ...span, start: units.get(span.start), end: units.get(span.end) }));
}

export class Marker {
  // `spans` are {start, end, entry} of `text`; `entry` is the label that is found there.
  constructor(text, spans) {
    this.spans = inUnits(text, spans);
    this.cuts = [...new Set(this.spans.flatMap((span) => [span.start, span.end]))].sort((a, b) => a - b);
    this.lastOf = new Map();
  }

  // Put `text` into `parent`; its unit n stands at places[n] of the whole (or at place + n).
  put(parent, text, places) {
    const at = typeof places === "number" ? (n) => places + n : (n) => places[n];
    let from = 0;
    while (from < text.length) {
      const cut = this.cuts.find((each) => each > at(from));
      let to = from + 1;
      if (cut === undefined) to = text.length;
      else while (to < text.length && at(to) < cut) to += 1;
      this.#piece(parent, text.slice(from, to), at(from));
      from = to;
    }
  }

  #piece(parent, text, at) {
    const here = this.spans.filter((span) => span.start <= at && at < span.end);
    if (!here.length) return void parent.append(text);
    const mark = element("mark", text, hueOf(here[0].entry.label));
    mark.title = here.map(({ entry }) => `${nameOf(entry.label)}, ${Math.round(entry.score * 100)} %`).join("; ");
    parent.append(mark);
    for (const span of here) this.lastOf.set(span, mark);
  }

  // Name each label behind the last piece of what it marks. Returns the ids of those that stand in the text.
  name() {
    const behind = new Map();
    for (const [span, mark] of this.lastOf) {
      if (!behind.has(mark)) behind.set(mark, new Map());
      behind.get(mark).set(span.entry.id, span.entry);
    }
    for (const [mark, entries] of behind) mark.after(...[...entries.values()].map((entry) => chip(entry)));
    return new Set([...this.lastOf.keys()].map((span) => span.entry.id));
  }
}

export const spansOf = (labels, message = null) =>
  labels.flatMap((entry) =>
    entry.evidence.filter((span) => span.message_id === message).map(({ start, end }) => ({ start, end, entry })),
  );
