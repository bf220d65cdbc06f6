// Tasks: what is to be done, by whom and when, and the sentence that says so. Suggestions wait for a person.
import { call, element, plain } from "/ui/api.js";
import { accountLink, byAccount } from "/ui/accounts.js";
import { box, chooser } from "/ui/chosen.js";
import { empty } from "/ui/empty.js";
import { action, submits, quote } from "/ui/evidence.js";
import { stop } from "/ui/keys.js";
import { moment } from "/ui/moments.js";
import { OWNERS, taskForm } from "/ui/task_form.js";
import { told } from "/ui/told.js";

const STATUSES = ["suggested", "open", "in_progress", "done", "dismissed"];
const TYPES = ["bug", "feature", "follow_up", "question"];
const api = (id) => `/api/tasks/${encodeURIComponent(id)}`;
const pairs = (values) => () => values.map((value) => [value, plain(value)]);
const accept = (id) => call("POST", `${api(id)}/accept`);
const dismiss = (id) => call("POST", `${api(id)}/dismiss`);
const turn = (status) => (id) => call("PUT", api(id), { status });
const STEPS = {
  suggested: [["Accept", accept], ["Dismiss", dismiss]],
  open: [["Done", turn("done")], ["Dismiss", dismiss]],
  in_progress: [["Done", turn("done")], ["Dismiss", dismiss]],
  done: [["Open again", turn("open")]],
  dismissed: [["Bring back", turn("open")]],
};
const SAID = { open: "is open", done: "is done", dismissed: "is dismissed", suggested: "is a suggestion again", in_progress: "is in progress" };

let owners = {};
const shown = new Map(); // what each card shows, by its id

function about(task) {
  const line = element("p", undefined, "quiet about");
  const words = ["type", "priority"].map((key) => plain(task.labels[key]?.value || ""));
  words.push(task.assignee);
  line.append(element("span", plain(task.status), `state state-${task.status}`), " ", words.filter(Boolean).join(" · "));
  if (task.account_id) line.append(words.some(Boolean) ? " · " : "", accountLink(task.account_id));
  if (task.due_on) {
    line.append(" · due ", moment(`${task.due_on}T23:59:59`));
    if (task.overdue) line.append(" ", element("span", "overdue", "bad"));
  }
  return line;
}

function replace(task) {
  const made = filled(task);
  document.getElementById(task.id)?.replaceWith(made);
  made.querySelector("h2").focus({ preventScroll: true });
}

// The card becomes a form; saved, it can be made what it was.
function edit(task) {
  const article = document.getElementById(task.id);
  if (!article || article.querySelector("form")) return;
  const put = (now, before) => {
    replace(now);
    if (now.assignee) owners[now.assignee] ||= 1;
    suggest();
    told(`“${now.title}” is saved.`, async () => {
      const back = await call("PUT", api(task.id), before);
      replace(back);
      return `“${back.title}” is as it was.`;
    });
  };
  const form = taskForm(task, put, () => replace(task));
  article.querySelector(".head").hidden = true;
  article.querySelector(".about").hidden = true;
  article.querySelector(".steps").hidden = true;
  article.prepend(form);
  form.elements.title.focus();
}

// The names that the owner's field offers.
function suggest() {
  document.getElementById(OWNERS)?.replaceChildren(...Object.keys(owners).map((name) => new Option(name)));
}

// Does a step, shows the task as it is then, and offers the way back.
const doing = (task, step) => async () => {
  const now = await step(task.id);
  replace(now);
  told(`“${task.title}” ${SAID[now.status] || plain(now.status)}.`, async () => {
    const back = await turn(task.status)(task.id);
    replace(back);
    return `“${task.title}” ${SAID[back.status] || plain(back.status)}.`;
  });
};

function filled(task) {
  const article = element("article");
  article.id = task.id;
  shown.set(task.id, task);
  const steps = (STEPS[task.status] || []).map(([name, step]) => [name, doing(task, step)]);
  const title = element("h2", task.title);
  const no = steps.find(([name]) => name === "Dismiss");
  stop(title, { yes: steps[0]?.[1], no: no?.[1], edit: async () => edit(task) });
  const head = element("div", undefined, "head");
  head.append(box(task), title);
  article.append(head, about(task));
  if (task.needle_mover_id) {
    const link = element("a", "its needle mover");
    link.href = `/ui/needle_movers#${encodeURIComponent(task.needle_mover_id)}`;
    article.querySelector(".about").append(" · ", link);
  }
  if (task.body && (task.source === "user" || (task.source === "needle_mover" && !task.evidence.length))) article.append(element("p", task.body, "words"));
  if (task.evidence.length) {
    const list = element("ul", undefined, "quotes");
    list.append(...task.evidence.map((each) => quote(each)));
    article.append(list);
  }
  const line = element("p", undefined, "actions steps");
  for (const [name, does] of [...steps, ["Edit", async () => edit(task)]]) {
    const button = action(name, does);
    button.setAttribute("aria-label", `${name}: ${task.title}`);
    line.append(button);
  }
  article.append(line);
  return article;
}

const one = async (id) => filled(await call("GET", api(id)));

function form({ again }) {
  const made = element("form", undefined, "one-line");
  const label = element("label", "A new task");
  const field = element("input");
  field.name = "title";
  field.required = true;
  field.maxLength = 200;
  label.append(field);
  const add = action("Add", async () => {
    if (!field.reportValidity()) return;
    const task = await call("POST", "/api/tasks", { title: field.value });
    field.value = "";
    again();
    told(`“${task.title}” is open.`, async () => {
      await dismiss(task.id);
      again();
    });
  });
  made.append(label, add);
  submits(made, add);
  const names = element("datalist");
  names.id = OWNERS;
  const many = chooser(
    { Accept: ["accepted", accept], Dismiss: ["dismissed", dismiss], Done: ["done", turn("done")] },
    { before: (id) => shown.get(id).status, back: (id, status) => turn(status)(id), again },
  );
  queueMicrotask(suggest);
  return [made, names, many];
}

async function load() {
  owners = await call("GET", "/api/tasks/owners");
}

export const tasks = {
  title: "Tasks",
  about: "What is asked for, promised or reported broken. Suggestions become tasks when you accept them; what you dismiss does not come back.",
  path: () => "/api/tasks",
  none: () => empty("No task yet.", ["Tasks are suggested from what is said in conversations, notes and meetings; or write one down above."]),
  filters: [
    { name: "q", label: "Search" },
    { name: "status", label: "State", values: pairs(STATUSES) },
    { name: "assignee", label: "Owner", values: () => Object.keys(owners).sort((a, b) => a.localeCompare(b)).map((name) => [name, name]) },
    { name: "type", label: "Type", values: pairs(TYPES) },
    byAccount,
  ],
  load,
  tools: form,
  card: (task) => one(task.id),
  one,
};
