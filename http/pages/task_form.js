// A task's own form, in the place of its words: title, owner, day, state, account.
import { call, element, plain } from "/ui/api.js";
import { accountNames } from "/ui/accounts.js";
import { editForm, typed, wrong } from "/ui/edit_form.js";

const STATUSES = ["suggested", "open", "in_progress", "done", "dismissed"];
export const OWNERS = "task-owners";

function choice(options) {
  const field = element("select");
  for (const [value, name] of options) field.append(new Option(name, value));
  return field;
}

// All that there are, and the task's own where it is none of them.
function accounts(own) {
  const known = accountNames();
  return [["", "none"], ...known, ...(own && !known.some(([id]) => id === own) ? [[own, own]] : [])];
}

const fieldsOf = (task) => [
  ["title", "Title", () => typed("text", { required: true, maxLength: 200 })],
  ["assignee", "Owner", owner],
  ["due_on", "Due", () => typed("date")],
  ["status", "State", () => choice(STATUSES.map((each) => [each, plain(each)]))],
  ["account_id", "Account", () => choice(accounts(task.account_id))],
];

function owner() {
  const field = typed("text", { maxLength: 200, autocomplete: "off" });
  field.setAttribute("list", OWNERS);
  return field;
}

function check({ title }) {
  if (!title.value.trim()) wrong(title, "Say what is to be done.");
}

// Only what differs is sent; an empty owner, day or account is none.
function changes(elements, task, fields) {
  const found = {};
  for (const [name] of fields) {
    const value = elements[name].value.trim() || null;
    if (value !== (task[name] ?? null)) found[name] = value;
  }
  return found;
}

// `saved(now, before)` shows the task as it is then, `left()` as it was.
export function taskForm(task, saved, left) {
  const fields = fieldsOf(task);
  const save = async (elements) => {
    const given = changes(elements, task, fields);
    if (!Object.keys(given).length) return left();
    const before = Object.fromEntries(Object.keys(given).map((name) => [name, task[name] ?? null]));
    return saved(await call("PUT", `/api/tasks/${encodeURIComponent(task.id)}`, given), before);
  };
  return editForm({ id: task.id, label: `Edit: ${task.title}`, button: "Save", fields, value: task, check, save, left });
}
