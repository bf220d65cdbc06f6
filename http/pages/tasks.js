// Tasks: what is to be done, by whom and when, and the sentence that says so. Suggestions wait for a person.
import { call, element } from "/ui/api.js";
import { accountName } from "/ui/accounts.js";
import { action, quote } from "/ui/evidence.js";
import { nameOf } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

const STATUSES = ["suggested", "open", "in_progress", "done", "dismissed"];
const TYPES = ["bug", "feature", "follow_up", "question"];
const api = (id) => `/api/tasks/${encodeURIComponent(id)}`;
const pairs = (values) => () => values.map((value) => [value, nameOf(value)]);
const STEPS = {
  suggested: [["Accept", "POST", "/accept"], ["Dismiss", "POST", "/dismiss"]],
  open: [["Done", "PUT", "", { status: "done" }]],
  in_progress: [["Done", "PUT", "", { status: "done" }]],
};

function about(task) {
  const words = [nameOf(task.status), ...["type", "priority"].map((key) => nameOf(task.labels[key]?.value || ""))];
  if (task.assignee) words.push(task.assignee);
  words.push(accountName(task.account_id));
  const line = element("p", words.filter(Boolean).join(" · "), "quiet");
  if (task.due_on) {
    line.append(" · due ", moment(`${task.due_on}T23:59:59`));
    if (task.overdue) line.append(element("span", " overdue", "bad"));
  }
  return line;
}

function actions(task, article, fail) {
  const line = element("p", undefined, "actions");
  for (const [name, method, path, body] of STEPS[task.status] || []) {
    const then = (changed) => {
      if (!changed) return;
      const made = filled(changed, fail);
      article.replaceWith(made);
      made.querySelector("h2").focus();
    };
    const button = action(name, () => call(method, api(task.id) + path, body).catch(fail), then);
    button.setAttribute("aria-label", `${name}: ${task.title}`);
    line.append(button, " ");
  }
  return line;
}

function filled(task, fail) {
  const article = element("article");
  article.id = task.id;
  const title = element("h2", task.title);
  title.tabIndex = -1;
  article.append(title, about(task));
  if (task.body && task.source === "user") article.append(element("p", task.body));
  const list = element("ul", undefined, "quotes");
  list.append(...task.evidence.map((each) => quote(each)));
  if (task.evidence.length) article.append(list);
  article.append(actions(task, article, fail));
  return article;
}

const one = async (id, fail) => filled(await call("GET", api(id)), fail);

export const tasks = {
  title: "Tasks",
  path: "/api/tasks",
  none: "No task.",
  filters: [
    { name: "q", label: "Search" },
    { name: "status", label: "Status", values: pairs(STATUSES) },
    { name: "type", label: "Type", values: pairs(TYPES) },
  ],
  card: (task, fail) => one(task.id, fail),
  one,
};
