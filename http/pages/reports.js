// Reports: what each is about and how often; its runs, to be read here, taken along as a file, or made now.
import { call, element, fail, plain } from "/ui/api.js";
import { ask } from "/ui/ask.js";
import { empty } from "/ui/empty.js";
import { action, submits } from "/ui/evidence.js";
import { rendered } from "/ui/markdown.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const QUERIES = { needle_movers: "Needle-mover digest", label_trends: "Label trends", account_health: "Account health", runner_health: "Runner health" };
const CYCLES = ["daily", "weekly", "monthly", "manual"];
const FILES = { md: ["Markdown", "text/markdown"], html: ["HTML", "text/html"], json: ["JSON", "application/json"] };
const RUNS = 6;
const LOOK = 500;
const LOOKS = 60;
const api = (id) => `/api/reports/${encodeURIComponent(id)}`;
const runApi = (id, format) => `/api/reports/runs/${encodeURIComponent(id)}?format=${format}`;
const pause = () => new Promise((go) => setTimeout(go, LOOK));

const day = (text, zone) => new Date(text).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: zone });

// The end of a period is exclusive: the last day that it covers is told.
function period(run) {
  const last = new Date(new Date(run.period_end).getTime() - 1).toISOString();
  const [from, to] = [day(run.period_start, run.zone), day(last, run.zone)];
  return from === to ? from : `${from} – ${to}`;
}

function runLine(run) {
  const item = element("li");
  const link = element("a", period(run));
  link.href = `/ui/reports#${encodeURIComponent(run.id)}`;
  item.append(link, element("span", ` ${run.status === "done" ? "" : `${run.status} `}`, "quiet"), moment(run.created_at));
  return item;
}

async function save(run, format) {
  const { content } = await call("GET", runApi(run.id, format));
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${FILES[format][1]};charset=utf-8` }));
  link.download = `${run.name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}-${run.period_start.slice(0, 10)}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function reading(id) {
  const run = await call("GET", runApi(id, "md"));
  const article = element("article", undefined, "report");
  article.id = id;
  const title = element("h2", run.name);
  title.tabIndex = -1;
  const about = element("p", `${period(run)} · ${run.zone} · `, "quiet about");
  about.append(moment(run.finished_at || run.created_at));
  const line = element("p", undefined, "actions unprinted");
  for (const [format, [name]] of Object.entries(FILES)) line.append(action(`Save as ${name}`, () => save(run, format)));
  line.append(action("Print", async () => print()));
  article.append(title, about);
  if (run.content === null) article.append(element("p", run.error || "It is being made: open it again in a moment.", run.error ? "bad" : "quiet"));
  else article.append(line, rendered(run.content.replace(/^# .*\n+.*\n/, "")).whole); // its name and period stand above
  return article;
}

// Begun, and waited for: a run is made by a runner.
async function made(report) {
  const run = await call("POST", `${api(report.id)}/run`);
  for (let look = 0; look < LOOKS; look += 1) {
    const now = await call("GET", runApi(run.id, "md"));
    if (now.status === "done") return run.id;
    if (now.error) throw new Error(now.error);
    await pause();
  }
  throw new Error("It is not made yet: its runner has other work, or is held. It will stand here when it is.");
}

function changing(report, again) {
  const label = element("label", "How often ");
  const choice = element("select");
  choice.append(...CYCLES.map((each) => new Option(each, each, false, each === report.schedule)));
  choice.addEventListener("change", async () => {
    try {
      const now = await call("PUT", api(report.id), { schedule: choice.value });
      told(`“${report.name}” is made ${now.schedule === "manual" ? "when you ask for it" : now.schedule}.`, async () => {
        await call("PUT", api(report.id), { schedule: report.schedule });
        again();
      });
    } catch (error) {
      fail(error);
    }
  });
  label.append(choice);
  return label;
}

async function card(report, again) {
  const runs = await call("GET", `/api/reports/runs?report_id=${encodeURIComponent(report.id)}&limit=${RUNS}`);
  const article = element("article");
  article.id = report.id;
  const title = element("h2", report.name);
  title.tabIndex = -1;
  const kind = QUERIES[report.query] || plain(report.query);
  const about = element("p", kind === report.name ? report.schedule : `${kind} · ${report.schedule}`, "quiet about");
  const list = element("ul", undefined, "plain");
  list.append(...runs.items.map(runLine));
  if (!runs.items.length) list.append(element("li", "Not made yet.", "quiet"));
  const line = element("p", undefined, "actions");
  const now = action("Make it now", () => made(report), (id) => {
    location.hash = encodeURIComponent(id);
  });
  now.setAttribute("aria-label", `Make ${report.name} now`);
  const gone = action("Delete …", async () => {
    if (!(await ask(`Delete “${report.name}”?`, "It is not made any more. What was made stays and can be read.", "Delete"))) return;
    await call("DELETE", api(report.id));
    told(`“${report.name}” is deleted.`);
    again();
  });
  line.append(now, changing(report, again), gone);
  article.append(title, about, list, line);
  return article;
}

function form({ again }) {
  const whole = element("details", undefined, "tools");
  const fields = element("form", undefined, "one-line");
  const query = element("select");
  const cycle = element("select");
  query.append(...Object.entries(QUERIES).map(([value, name]) => new Option(name, value)));
  cycle.append(...CYCLES.map((each) => new Option(each, each, false, each === "weekly")));
  for (const [name, field] of [["About", query], ["How often", cycle]]) {
    const label = element("label", name);
    label.append(field);
    fields.append(label);
  }
  const add = action("Add", async () => {
    const report = await call("POST", "/api/reports", { query: query.value, schedule: cycle.value });
    again();
    told(`“${report.name}” is there: make it now, or wait until its time.`, async () => {
      await call("DELETE", api(report.id));
      again();
    });
  });
  fields.append(add);
  submits(fields, add);
  whole.append(element("summary", "Add a report"), fields);
  return [whole];
}

export const reports = {
  title: "Reports",
  about: "What a day, a week or a month came to. Each is made by itself when its period has ended; what was made never changes.",
  path: () => "/api/reports",
  none: () => empty("No report yet.", ["Add one above: a digest of needle movers, trends of labels, the health of accounts or of the runners."]),
  filters: [],
  tools: form,
  card,
  one: reading,
};
