// Times as people write them: how long ago, or the day; the exact local time on hover, the machine's in `datetime`.
import { element } from "/ui/api.js";

const MINUTE = 60_000;
const UNITS = [
  [60 * MINUTE, MINUTE, "min"],
  [24 * 60 * MINUTE, 60 * MINUTE, "h"],
  [7 * 24 * 60 * MINUTE, 24 * 60 * MINUTE, "d"],
];
const DAY = { day: "numeric", month: "short", year: "numeric" };
const EXACT = { dateStyle: "medium", timeStyle: "short" };

export function words(at, now = Date.now()) {
  const past = now - at;
  const far = Math.abs(past);
  if (far < MINUTE) return "just now";
  for (const [below, unit, name] of UNITS) {
    if (far < below) {
      const count = `${Math.floor(far / unit)} ${name}`;
      return past > 0 ? `${count} ago` : `in ${count}`;
    }
  }
  return new Date(at).toLocaleDateString(undefined, DAY);
}

export function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return element("span", text || "");
  const made = element("time", words(at.getTime()));
  made.dateTime = at.toISOString();
  made.title = at.toLocaleString(undefined, EXACT);
  return made;
}

// "5 min ago" is wrong a minute later.
setInterval(() => {
  for (const each of document.querySelectorAll("time")) each.textContent = words(new Date(each.dateTime).getTime());
}, MINUTE / 2);
