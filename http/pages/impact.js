// What an impact is made of, as pictures: a bar of its parts, each part against its weight, evidence by week.
import { counted, element } from "/ui/api.js";

const SVG = "http://www.w3.org/2000/svg";
const PARTS = {
  reach: "how many accounts say it, of those that are active",
  revenue: "the share of revenue that comes from them",
  severity: "how bad it is for those who say it",
  momentum: "what was said in the last 7 days, against the 4 weeks before",
  risk: "how likely they are to leave",
};
const MISSING = { revenue: "no account has a monthly revenue (mrr)", risk: "no account has a churn score" };
const WEEKS = 12;
const WEEK = 7 * 86_400_000;

function drawing(width, height, name) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", `0 0 ${width} ${height}`);
  made.setAttribute("preserveAspectRatio", "none");
  if (name) {
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", name);
  } else made.setAttribute("aria-hidden", "true");
  return made;
}

function box(x, y, width, height, kind) {
  const made = document.createElementNS(SVG, "rect");
  for (const [key, each] of Object.entries({ x, y, width, height, class: kind })) made.setAttribute(key, each);
  return made;
}

// Whose voices it is made of.
export const voices = (mover) => (mover.accounts ? counted(mover.accounts, "account") : "no known account");

// How many of the 100 points each component gives, and how many it could: its weight's share times its value.
export function points(breakdown) {
  const names = Object.keys(PARTS).filter((name) => name in (breakdown.components || {}));
  const whole = names.reduce((sum, name) => sum + breakdown.weights[name], 0) || 1;
  return names.map((name) => {
    const most = (100 * breakdown.weights[name]) / whole;
    return { name, most, value: most * breakdown.components[name] };
  });
}

function notes(mover) {
  if (mover.impact_override === null) return [];
  return [element("span", `set by a person; computed ${mover.impact_computed}`, "quiet")];
}

// One bar of 100 points with a key below it.
export function drawn(mover) {
  const figure = element("figure", undefined, "impact");
  const bar = drawing(100, 4);
  const caption = element("figcaption");
  let at = 0;
  for (const { name, value, most } of points(mover.impact_breakdown)) {
    bar.append(box(at, 0, value, 4, `part-${name}`));
    at += value;
    const key = element("span", `${name} ${Math.round(value)}`, `part part-${name}`);
    key.title = `${Math.round(value)} of ${Math.round(most)} points: ${PARTS[name]}`;
    caption.append(key, " ");
  }
  for (const name of mover.impact_breakdown.missing || []) caption.append(element("span", `no data for ${name} `, "quiet"));
  if (mover.impact_breakdown.note) caption.append(element("span", mover.impact_breakdown.note, "quiet"), " ");
  caption.append(...notes(mover));
  figure.append(bar, caption);
  return figure;
}

// Each part in a row: as wide as its weight, filled as far as it goes.
export function breakdown(mover) {
  const figure = element("figure", undefined, "breakdown");
  const found = points(mover.impact_breakdown);
  const widest = Math.max(1, ...found.map((each) => each.most));
  const list = element("dl");
  for (const { name, value, most } of found) {
    const words = `${Math.round(value)} of ${Math.round(most)} points`;
    const bar = drawing(widest, 1, `${name}: ${words}`);
    bar.append(box(0, 0, most, 1, "room"), box(0, 0, value, 1, `part-${name}`));
    const told = element("dd");
    const note = name === "reach" && mover.impact_breakdown.note ? ` (${mover.impact_breakdown.note})` : "";
    told.append(bar, element("span", words, "points"), element("span", `${PARTS[name]}${note}`, "quiet"));
    list.append(element("dt", name), told);
  }
  for (const name of mover.impact_breakdown.missing || []) {
    const told = element("dd", undefined, "gap");
    told.append(element("span", `left out: ${MISSING[name] || "no data"}`, "quiet"));
    list.append(element("dt", name), told);
  }
  figure.append(element("figcaption", "What the impact is made of"), list, ...notes(mover));
  return figure;
}

// How many statements each of the last weeks brought.
export function weekly(evidence) {
  const counts = new Array(WEEKS).fill(0);
  for (const each of evidence) {
    const ago = Math.floor((Date.now() - new Date(each.said_at)) / WEEK);
    if (0 <= ago && ago < WEEKS) counts[WEEKS - 1 - ago] += 1;
  }
  const most = Math.max(1, ...counts);
  const figure = element("figure", undefined, "weekly");
  const chart = drawing(WEEKS * 4, 12, `Evidence by week, the last ${WEEKS} weeks, oldest first: ${counts.join(", ")}`);
  counts.forEach((count, week) => {
    const height = count ? Math.max(1.5, (11 * count) / most) : 0.4;
    const bar = box(week * 4 + 0.5, 12 - height, 3, height, count ? "week" : "week none");
    const title = document.createElementNS(SVG, "title");
    title.textContent = `${counted(count, "statement")}, ${WEEKS - 1 - week ? `${counted(WEEKS - 1 - week, "week")} ago` : "this week"}`;
    bar.append(title);
    chart.append(bar);
  });
  figure.append(element("figcaption", `Evidence by week, ${WEEKS} weeks until now`), chart);
  return figure;
}
