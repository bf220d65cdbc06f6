// Needle movers: ranked by impact, what it is made of, and the evidence behind it.
import { call, element } from "/ui/api.js";
import { action, quote } from "/ui/evidence.js";
import { nameOf } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

const FIRST = 3;
const LOOKED_AT = 50;
const PARTS = ["reach", "revenue", "severity", "momentum", "risk"];
const SVG = "http://www.w3.org/2000/svg";
const KINDS = ["risk", "issue", "opportunity", "progress", "decision"];
const STATUSES = ["suggested", "active", "in_progress", "resolved", "dismissed", "merged"];
const api = (id) => `/api/v2/needle_movers/${encodeURIComponent(id)}`;
const pairs = (values) => () => values.map((value) => [value, nameOf(value)]);

// How many of the 100 points each component gives: its weight's share times its value.
function points(breakdown) {
  const parts = PARTS.filter((name) => name in (breakdown.components || {}));
  const whole = parts.reduce((sum, name) => sum + breakdown.weights[name], 0);
  return parts.map((name) => [name, whole ? (100 * breakdown.weights[name] * breakdown.components[name]) / whole : 0]);
}

// The surest quotes, each sentence once (it may carry several labels), those of other accounts before repeats.
function telling(items) {
  const sentences = new Map();
  for (const each of [...items].sort((a, b) => b.score - a.score)) {
    const place = [each.content_id, each.span.message_id, each.span.start].join(" ");
    if (!sentences.has(place)) sentences.set(place, each);
  }
  const seen = new Set();
  const repeats = [];
  const first = [];
  for (const each of sentences.values()) {
    const subject = each.account_id || each.content_id;
    (seen.has(subject) ? repeats : first).push(each);
    seen.add(subject);
  }
  return [...first, ...repeats].slice(0, FIRST);
}

function drawn(mover) {
  const found = points(mover.impact_breakdown);
  const figure = element("figure", undefined, "impact");
  const bar = document.createElementNS(SVG, "svg");
  bar.setAttribute("viewBox", "0 0 100 4");
  bar.setAttribute("preserveAspectRatio", "none");
  bar.setAttribute("aria-hidden", "true");
  let at = 0;
  for (const [name, value] of found) {
    const piece = document.createElementNS(SVG, "rect");
    for (const [key, each] of Object.entries({ x: at, y: 0, width: value, height: 4, class: `part-${name}` })) piece.setAttribute(key, each);
    bar.append(piece);
    at += value;
  }
  const caption = element("figcaption");
  for (const [name, value] of found) {
    const key = element("span", `${name} ${Math.round(value)}`, `part part-${name}`);
    key.title = `${Math.round(100 * mover.impact_breakdown.components[name])} % of the ${Math.round(100 * mover.impact_breakdown.weights[name])} points that ${name} weighs`;
    caption.append(key, " ");
  }
  for (const name of mover.impact_breakdown.missing || []) caption.append(element("span", `no data for ${name} `, "quiet"));
  if (mover.impact_override !== null) caption.append(element("span", `set by a person; computed ${mover.impact_computed}`, "quiet"));
  figure.append(bar, caption);
  return figure;
}

function decided(mover, each, again, fail) {
  const decide = (state) => () => call("PUT", `${api(mover.id)}/evidence/${encodeURIComponent(each.id)}`, { state }).catch(fail);
  const line = element("p", "May belong here: ", "quiet");
  line.append(action("It does", decide("linked"), again), " ", action("It does not", decide("rejected"), again));
  return line;
}

async function evidence(mover, state, list, fail) {
  const page = await call("GET", `${api(mover.id)}/evidence?limit=200&state=${state}`);
  const again = () => evidence(mover, state, list, fail).catch(fail);
  const extra = (each) => (state === "suggested" ? [decided(mover, each, again, fail)] : []);
  const newest = page.items.sort((a, b) => b.said_at.localeCompare(a.said_at));
  list.replaceChildren(...newest.map((each) => quote(each, ...extra(each))));
}

function folded(mover, state, name, fail) {
  const details = element("details");
  const list = element("ul", undefined, "quotes");
  details.append(element("summary", name), list);
  details.addEventListener("toggle", () => {
    if (details.open && !list.children.length) evidence(mover, state, list, fail).catch(fail);
  });
  return details;
}

function actions(mover, article, fail) {
  const turn = (status) => () => call("PUT", api(mover.id), { status }).catch(fail);
  const then = async (changed) => changed && article.replaceWith(await card(changed, fail));
  const line = element("p", undefined, "actions");
  const steps = { suggested: [["Take up", "active"], ["Dismiss", "dismissed"]], active: [["In progress", "in_progress"], ["Resolved", "resolved"]], in_progress: [["Resolved", "resolved"]] };
  for (const [name, status] of steps[mover.status] || []) {
    const button = action(name, turn(status), then);
    button.setAttribute("aria-label", `${name}: ${mover.title}`);
    line.append(button, " ");
  }
  return line;
}

export function headline(mover) {
  const head = element("div", undefined, "headline");
  const score = element("b", String(mover.impact), "score");
  score.title = "impact, 0 to 100";
  const words = element("div");
  const title = element("h2", mover.title);
  title.tabIndex = -1;
  const about = element("p", `${nameOf(mover.kind)} · ${nameOf(mover.status)} · ${mover.accounts} ${mover.accounts === 1 ? "account" : "accounts"}`, "quiet");
  if (mover.last_seen_at) about.append(" · said last ", moment(mover.last_seen_at));
  words.append(title, about);
  head.append(score, words);
  return head;
}

async function card(mover, fail) {
  const article = element("article");
  article.append(headline(mover), drawn(mover));
  const told = mover.summary_user || mover.summary_long || mover.summary_short || mover.description;
  if (told) article.append(element("p", told));
  const first = await call("GET", `${api(mover.id)}/evidence?limit=${LOOKED_AT}&state=linked`);
  const list = element("ul", undefined, "quotes");
  list.append(...telling(first.items).map((each) => quote(each)));
  article.append(list);
  if (mover.evidence.linked > FIRST) article.append(folded(mover, "linked", `All ${mover.evidence.linked} pieces of evidence`, fail));
  if (mover.evidence.suggested) article.append(folded(mover, "suggested", `${mover.evidence.suggested} more may belong here`, fail));
  article.append(actions(mover, article, fail));
  return article;
}

export const movers = {
  title: "Needle movers",
  path: "/api/v2/needle_movers",
  none: "No needle mover yet: they emerge when several people speak of the same matter.",
  filters: [
    { name: "q", label: "Search" },
    { name: "kind", label: "Kind", values: pairs(KINDS) },
    { name: "status", label: "Status", values: pairs(STATUSES) },
  ],
  card,
};
