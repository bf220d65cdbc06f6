// Labels: a colour and a name for each, and text with its evidence marked, every mark followed by its label's name.
import { call, element } from "/ui/api.js";

const HUES = 12;
const known = new Map();

export async function loadLabels() {
  const found = await call("GET", "/api/labels");
  found.items.forEach((label, index) => known.set(label.key, { ...label, hue: `hue-${index % HUES}` }));
}

export const nameOf = (key) => key.replaceAll("_", " ");
const hueOf = (key) => known.get(key)?.hue || "hue-0";

export const keys = () => [...known.keys()].map((key) => [key, nameOf(key)]).sort(([, a], [, b]) => a.localeCompare(b));

export function chip(key) {
  const made = element("span", nameOf(key), `chip ${hueOf(key)}`);
  made.title = known.get(key)?.prompt || nameOf(key);
  return made;
}

export function legend(keys) {
  return keys.map((key) => {
    const item = element("li");
    item.append(chip(key));
    return item;
  });
}

export function marked(text, spans) {
  // Offsets count characters as Python does, not UTF-16 units. Evidence may overlap: the text is cut at every end.
  const letters = Array.from(text);
  const inside = spans.filter((span) => 0 <= span.start && span.start < span.end && span.end <= letters.length);
  const cuts = [...new Set([0, letters.length, ...inside.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const line = element("p");
  cuts.slice(1).forEach((end, index) => {
    const start = cuts[index];
    const piece = letters.slice(start, end).join("");
    const here = inside.filter((span) => span.start <= start && end <= span.end);
    if (!here.length) {
      line.append(piece);
      return;
    }
    const mark = element("mark", piece, hueOf(here[0].label));
    mark.title = here.map((span) => `${nameOf(span.label)}, ${Math.round(span.score * 100)} %`).join("; ");
    line.append(mark);
    for (const key of new Set(here.filter((span) => span.end === end).map((span) => span.label))) line.append(chip(key));
  });
  return line;
}
