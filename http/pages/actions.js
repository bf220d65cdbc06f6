// What follows from a needle mover: a person approves what waits, dismisses it, or takes back what was done.
import { call, element, plain } from "/ui/api.js";
import { action } from "/ui/evidence.js";
import { link } from "/ui/inline.js";
import { stop } from "/ui/keys.js";
import { rendered } from "/ui/markdown.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const NAMES = {
  create_task: "Suggest a task",
  draft_reply: "Draft a reply",
  schedule_follow_up: "Follow up later",
  notify_owner: "Write to the owner",
  open_github_issue: "Open an issue on GitHub",
  post_slack: "Post to Slack",
  merge: "Merge with another needle mover",
};
const STATES = { proposed: "waits for you", approved: "under way", executed: "done", undone: "taken back", failed: "failed" };
const LOOK = 2000; // milliseconds between two looks at one that is under way
const LOOKS = 30;
const api = (id, what) => `/api/internal/actions/${encodeURIComponent(id)}/${what}`;

const nameOfAction = (each) => NAMES[each.type] || plain(each.type);

function made({ result }) {
  const found = [];
  for (const [key, page, words] of [["task_id", "tasks", "the task"], ["note_id", "notes", "the note"], ["into", "needle_movers", "the other"]]) {
    if (typeof result[key] !== "string") continue;
    const link = element("a", words);
    link.href = `/ui/${page}#${encodeURIComponent(result[key])}`;
    found.push(" · ", link);
  }
  const outside = typeof result.url === "string" && link(result.url);
  if (outside) {
    outside.append("there");
    found.push(" · ", outside, ` (${outside.dataset.where})`);
  }
  return found;
}

// What it would say, and where: to be read before it is approved.
function saying({ params, target, type }) {
  if (!params.body) return [];
  const whole = element("details");
  const where = params.repository || params.channel || (type === "notify_owner" ? target : "");
  whole.append(element("summary", where ? `What it says, to ${where}` : "What it says"), rendered(String(params.body)).whole);
  return [whole];
}

// `put` shows the action as it is now.
function ways(each, put) {
  const call_ = (what) => call("POST", api(each.id, what));
  const name = nameOfAction(each);
  const approve = async () => {
    const now = await call_("approve");
    put(now);
    told(`${name}: ${STATES[now.status] || now.status}.`, now.reversible ? async () => (put(await call("POST", api(each.id, "undo"))), `${name}: taken back.`) : null);
  };
  const takeBack = async () => {
    put(await call_("undo"));
    told(["proposed", "failed"].includes(each.status) ? `${name}: dismissed.` : `${name}: taken back.`);
  };
  if (each.status === "proposed") return { yes: ["Approve", approve], no: ["Dismiss", takeBack] };
  if (each.status === "failed") return { yes: ["Try again", approve], no: ["Dismiss", takeBack] };
  if (["approved", "executed"].includes(each.status) && each.reversible) return { no: ["Undo", takeBack] };
  return {};
}

function shown(each) {
  const item = element("li", undefined, `action action-${each.status}`);
  const put = (now) => {
    const next = shown(now);
    const focused = item.contains(document.activeElement);
    (item.isConnected ? item : document.getElementById(each.id))?.replaceWith(next);
    if (focused) next.focus();
  };
  item.id = each.id;
  const head = element("p");
  const title = each.params.title ? `${nameOfAction(each)}: ${each.params.title}` : nameOfAction(each);
  head.append(element("b", title), " ", element("span", STATES[each.status] || each.status, `state state-${each.status}`));
  const about = element("p", [each.reason, each.decided_by].filter(Boolean).join(" · "), "quiet");
  about.append(" · ", moment(each.executed_at || each.updated_at), ...made(each));
  if (each.status === "proposed" && !each.reversible) about.append(" · cannot be undone");
  const line = element("p", undefined, "actions");
  const { yes, no } = ways(each, put);
  for (const [name, does] of [yes, no].filter(Boolean)) {
    const button = action(name, does);
    button.setAttribute("aria-label", `${name}: ${title}`);
    line.append(button);
  }
  item.append(head, about);
  if (typeof each.result.error === "string") item.append(element("p", each.result.error, "bad"));
  item.append(...saying(each));
  if (line.children.length) item.append(line);
  if (each.status === "approved") watch(each, item, put).catch(() => {}); // the next opening of the page shows it
  return stop(item, { yes: yes?.[1], no: no?.[1] });
}

// What goes outside ends when the other side has answered.
async function watch(each, item, put) {
  for (let look = 0; look < LOOKS; look += 1) {
    await new Promise((go) => setTimeout(go, LOOK));
    if (!item.isConnected) return undefined;
    const { items } = await call("GET", `/api/v2/needle_movers/${encodeURIComponent(each.needle_mover_id)}/actions?limit=500`);
    const now = items.find((one) => one.id === each.id);
    if (now && now.status !== each.status) return put(now);
  }
  return undefined;
}

export async function actions(mover) {
  const address = `/api/v2/needle_movers/${encodeURIComponent(mover.id)}/actions`;
  const whole = element("section", undefined, "follows");
  const list = element("ul", undefined, "plain");
  const fill = async () => {
    const { items } = await call("GET", `${address}?limit=200`);
    const order = ["proposed", "approved", "failed", "executed", "undone"];
    items.sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
    list.replaceChildren(...items.map(shown));
    if (!items.length) list.append(element("li", mover.status === "suggested" ? "Nothing yet: take it up, and what follows is proposed here." : "Nothing yet.", "quiet"));
  };
  await fill();
  whole.append(element("h3", "What follows"), list);
  if (!["resolved", "dismissed", "merged"].includes(mover.status)) {
    const find = async () => {
      await call("POST", `${address}/process`);
      await fill();
      told("What follows was worked out anew.");
    };
    const line = element("p", undefined, "actions");
    line.append(action("Look again", find));
    whole.append(line);
  }
  return whole;
}
