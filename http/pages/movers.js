// Needle movers: ranked by impact, what it is made of, and the evidence behind it.
import { call, counted, element, plain } from "/ui/api.js";
import { byAccount } from "/ui/accounts.js";
import { empty } from "/ui/empty.js";
import { action, placeOf, quote } from "/ui/evidence.js";
import { drawn, voices } from "/ui/impact.js";
import { quoted } from "/ui/inline.js";
import { stop } from "/ui/keys.js";
import { rematching, underway } from "/ui/matching.js";
import { moment } from "/ui/moments.js";
import { details, found, pieces, statements } from "/ui/mover.js";
import { purges } from "/ui/purges.js";
import { told } from "/ui/told.js";

const FIRST = 3;
const LOOKED_AT = 50;
const KINDS = ["risk", "issue", "opportunity", "progress", "decision"];
const STATUSES = ["suggested", "active", "in_progress", "resolved", "dismissed", "merged"];
const STEPS = {
  suggested: [["Take up", "active"], ["Dismiss", "dismissed"]],
  active: [["In progress", "in_progress"], ["Resolved", "resolved"], ["Dismiss", "dismissed"]],
  in_progress: [["Resolved", "resolved"], ["Dismiss", "dismissed"]],
  resolved: [["Open again", "active"]],
  dismissed: [["Bring back", "active"]],
};
const YES = { suggested: "active", active: "in_progress", in_progress: "resolved", resolved: "active", dismissed: "active" };
const api = (id) => `/api/v2/needle_movers/${encodeURIComponent(id)}`;
const pairs = (values) => () => values.map((value) => [value, plain(value)]);

// The surest statements, those of other accounts before repeats.
function telling(items) {
  const seen = new Set();
  const repeats = [];
  const first = [];
  for (const each of statements([...items].sort((a, b) => b.score - a.score))) {
    const subject = each.account_id || each.content_id;
    (seen.has(subject) ? repeats : first).push(each);
    seen.add(subject);
  }
  return [...first, ...repeats].slice(0, FIRST);
}

function refreshing(mover) {
  const refresh = () => call("POST", `${api(mover.id)}/refresh`, { impact: true, summaries: true });
  return action("Write its summary anew", refresh, async (now) => {
    document.getElementById(mover.id)?.replaceWith(await one(mover.id));
    document.getElementById(mover.id)?.querySelector("h2").focus({ preventScroll: true });
    const moved = now.impact_before === now.impact_after ? `stays ${now.impact_after}` : `was ${now.impact_before}, is ${now.impact_after}`;
    told(`${now.refreshed.includes("summaries") ? "Written anew" : "Its evidence is as it was, and so is its summary"}; the impact ${moved}.`);
  });
}

// Turns the mover over; the card in its place is the new one, with the focus where it was.
function turning(mover) {
  const replace = async (changed) => {
    const made = await card(changed);
    document.getElementById(mover.id)?.replaceWith(made);
    made.querySelector("h2").focus({ preventScroll: true });
  };
  return (status) => async () => {
    const before = mover.status;
    await replace(await call("PUT", api(mover.id), { status }));
    told(`“${mover.title}” is ${plain(status)} now.`, async () => {
      await replace(await call("PUT", api(mover.id), { status: before }));
      return `“${mover.title}” is ${plain(before)} again.`;
    });
  };
}

export function headline(mover, { yes, no } = {}) {
  const head = element("div", undefined, "headline");
  const score = element("b", String(mover.impact), "score");
  score.title = "impact, 0 to 100";
  const words = element("div");
  const title = element("h2");
  const link = element("a", mover.title);
  link.href = `/ui/needle_movers#${encodeURIComponent(mover.id)}`;
  title.append(link);
  stop(title, { yes, no });
  const about = element("p", undefined, "quiet about");
  about.append(element("span", plain(mover.kind), `kind kind-${mover.kind}`), ` ${plain(mover.status)} · ${voices(mover)}`);
  if (mover.last_seen_at) about.append(" · said last ", moment(mover.last_seen_at));
  words.append(title, about);
  head.append(score, words);
  return head;
}

function steps(mover, turn) {
  const line = element("p", undefined, "actions");
  for (const [name, status] of STEPS[mover.status] || []) {
    const button = action(name, turn(status));
    button.setAttribute("aria-label", `${name}: ${mover.title}`);
    line.append(button);
  }
  return line;
}

function opening(mover) {
  const article = element("article");
  article.id = mover.id;
  const turn = turning(mover);
  const no = mover.status === "dismissed" || mover.status === "merged" ? undefined : turn("dismissed");
  article.append(headline(mover, { yes: YES[mover.status] && turn(YES[mover.status]), no }));
  return [article, turn];
}

// What is written of it; its numbers in brackets lead to the evidence that they name.
function summary(mover, text, evidence) {
  if (!text) return [];
  const whole = element("div", undefined, "words");
  for (const line of text.split("\n")) {
    const point = line.startsWith("- ");
    const list = whole.lastChild?.tagName === "UL" ? whole.lastChild : element("ul");
    const one = element(point ? "li" : "p");
    cite(one, point ? line.slice(2) : line, mover, evidence);
    if (point) list.append(one);
    if (line.trim()) whole.append(point ? list : one);
  }
  return [whole];
}

function cite(line, text, mover, evidence) {
  for (const part of text.split(/(\[\d+\])/)) {
    const cited = /^\[(\d+)\]$/.exec(part) && evidence.find((each) => each.id === mover.citations[part.slice(1, -1)]);
    if (!cited) line.append(quoted(part));
    else {
      const link = element("a", part);
      link.href = placeOf(cited.content_type, cited.content_id, cited.span.message_id);
      link.title = quoted(cited.span.quote, cited.content_type);
      line.append(link);
    }
  }
}

const short = (mover) => mover.summary_user || mover.summary_short || mover.description;
const long = (mover) => mover.summary_user || mover.summary_long || short(mover);

// Actions that wait for a person: they stand on the mover's own page.
async function waiting(mover) {
  const { items } = await call("GET", `${api(mover.id)}/actions?status=proposed&limit=50`);
  if (!items.length) return [];
  const line = element("p");
  const link = element("a", `${counted(items.length, "action")} ${items.length === 1 ? "waits" : "wait"} for you`);
  link.href = `/ui/needle_movers#${encodeURIComponent(mover.id)}`;
  line.append(link);
  return [line];
}

async function card(mover) {
  if (location.hash) return one(mover.id);
  const [article, turn] = opening(mover);
  article.append(drawn(mover));
  const first = await call("GET", `${api(mover.id)}/evidence?limit=${LOOKED_AT}&state=linked`);
  article.append(...summary(mover, short(mover), first.items));
  const list = element("ul", undefined, "quotes");
  list.append(...telling(first.items).map((each) => quote(each)));
  article.append(list);
  article.append(...(await waiting(mover)));
  if (mover.evidence.linked > FIRST) article.append(pieces(mover, "linked"));
  if (mover.evidence.suggested) article.append(pieces(mover, "suggested"));
  article.append(steps(mover, turn));
  return article;
}

async function one(id) {
  const mover = await call("GET", api(id));
  const [article, turn] = opening(mover);
  const linked = await found(mover, "linked");
  const line = steps(mover, turn);
  if (mover.status !== "merged") line.append(refreshing(mover));
  article.append(...summary(mover, long(mover), linked), line, ...(await details(mover, linked)));
  return article;
}

export const movers = {
  title: "Needle movers",
  about: "The few matters that move the business, by impact. Each emerges where several people speak of the same; open one to see all of it.",
  path: () => "/api/v2/needle_movers",
  none: () =>
    empty("No needle mover yet.", [
      "They emerge when several accounts speak of the same matter. Bring in conversations (",
      element("code", "needlework import"),
      "), or name one yourself: ",
      element("code", "POST /api/v2/needle_movers"),
      ".",
    ]),
  filters: [
    { name: "q", label: "Search" },
    { name: "kind", label: "Kind", values: pairs(KINDS) },
    { name: "status", label: "Status", values: pairs(STATUSES) },
    byAccount,
  ],
  tools: underway,
  foot: (page) => [...rematching(page), ...purges(page)],
  card,
  one,
};
