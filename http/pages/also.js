// Labels whose place is not shown: each of a few, of many how often each kind was found, and all of them at a press.
import { element } from "/ui/api.js";
import { chip, nameOf } from "/ui/labels.js";

const FEW = 4;

function told(labels) {
  const counts = new Map();
  for (const each of labels) counts.set(each.label, (counts.get(each.label) || 0) + 1);
  const kinds = [...counts].sort(([a, one], [b, two]) => two - one || nameOf(a).localeCompare(nameOf(b)));
  const words = kinds.slice(0, FEW).map(([key, count]) => (count > 1 ? `${nameOf(key)} ×${count}` : nameOf(key)));
  return [...words, ...(kinds.length > FEW ? [`${kinds.length - FEW} more`] : [])].join(", ");
}

export function also(labels, named) {
  const others = labels.filter((each) => !named.has(each.id));
  if (!others.length) return [];
  const list = element("p", undefined, "also");
  if (others.length <= FEW) {
    list.classList.add("quiet");
    list.append("Also: ", ...others.map((each) => chip(each)));
    return [list];
  }
  const whole = element("details");
  list.append(...others.map((each) => chip(each)));
  whole.append(element("summary", `Also ${told(others)}`), list);
  return [whole];
}
