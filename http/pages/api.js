// Calls to the API. Everything that comes back is data: it reaches the page as text nodes only.

export class Refused extends Error {
  constructor(status, problem) {
    super(inWords(status, problem));
    this.status = status;
    this.code = problem.code || "";
    this.errors = problem.errors || []; // each with the field that it is about
  }
}

// What was wrong, where, and what to do instead.
function inWords(status, problem) {
  const said = problem.detail || `The server answered ${status}.`;
  const fields = (problem.errors || []).filter((each) => each.message && !said.includes(each.message));
  const more = fields.map((each) => `${each.field} ${each.message}${each.hint ? ` (${each.hint})` : ""}`);
  const hints = (problem.errors || []).filter((each) => each.hint && said.includes(each.message)).map((each) => each.hint);
  return [said, ...more, ...hints].join(" · ");
}

export async function answerOf(method, path, text, headers, signal) {
  try {
    return await fetch(path, { method, headers, body: text, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. It may be stopped or starting again: try once more in a moment.");
  }
}

async function valueOf(answer) {
  const text = await answer.text();
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

let leaving = false; // whoever signs out asks for nothing more: it would be refused

export async function call(method, path, body, more = {}) {
  if (leaving) return new Promise(() => {});
  leaving = path === "/logout";
  const headers = { Accept: "application/json", ...more };
  if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
  const answer = await answerOf(method, path, body === undefined ? undefined : JSON.stringify(body), headers).catch((error) => {
    leaving = false;
    throw error;
  });
  if (answer.status === 401 && location.pathname !== "/login") location.assign("/login");
  const value = await valueOf(answer);
  leaving &&= answer.ok;
  if (!answer.ok) throw new Refused(answer.status, value);
  return value;
}

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

export const byId = (id) => document.getElementById(id);

// A key as words: in_progress is "in progress".
export const plain = (key) => key.replaceAll("_", " ");

export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

export function fail(error) {
  byId("message").textContent = error.message;
  byId("message").hidden = false;
}

export function well() {
  byId("message").hidden = true;
}
