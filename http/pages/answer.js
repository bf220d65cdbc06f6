// What came back: its status, the headers that say something, its text or its events as they come; and what may come.
import { answerOf, element } from "/ui/api.js";
import { about, deeper, typeOf } from "/ui/schema.js";

const DULL = /^(content-security-policy|x-content-type-options|cross-origin-|referrer-policy|date|server|content-length|connection|cache-control|x-accel-buffering|keep-alive|transfer-encoding)/;
const MOST = 200000; // characters of an answer that are shown
const EVENTS = 500; // events that are shown, the newest

function pretty(text) {
  let shown = text;
  try {
    if (!/\d{16}/.test(text)) shown = JSON.stringify(JSON.parse(text), null, 2); // no digit of a long number is lost
  } catch {
    // no JSON: as it came
  }
  return shown.length > MOST ? `${shown.slice(0, MOST)}\n… ${(shown.length - MOST).toLocaleString()} more characters` : shown;
}

function headersOf(answer) {
  const list = element("dl", undefined, "headers");
  for (const [name, value] of answer.headers) {
    if (!DULL.test(name)) list.append(element("dt", name), element("dd", value));
  }
  return list;
}

// One event of a stream, or nothing of a comment.
function eventOf(block) {
  const found = { event: "message", id: "", data: [] };
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) || [];
    if (name === "data") found.data.push(value);
    else if (name in found) found[name] = value;
  }
  if (!found.data.length) return null;
  const item = element("li");
  item.append(element("b", found.event), " ", element("span", found.id && `#${found.id}`, "quiet"), " ", element("code", found.data.join("\n")));
  return item;
}

// Hands on each event until the stream ends or is closed.
async function read(answer, place) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    place.append(...blocks.map(eventOf).filter(Boolean));
    while (place.children.length > EVENTS) place.firstChild.remove();
    place.scrollTop = place.scrollHeight;
  }
}

// Where an operation's answers are shown, one at a time; `stop` closes a stream, `ending` is the button that does.
export function answerPlace() {
  const whole = element("div", undefined, "answer");
  const status = element("p");
  status.setAttribute("role", "status");
  whole.append(status);
  const ending = element("button", "Close the stream", "small");
  ending.type = "button";
  ending.hidden = true;
  let open = null;
  const stop = () => open?.abort();
  ending.addEventListener("click", stop);

  async function stream(answer, own) {
    const list = element("ol", undefined, "stream");
    list.setAttribute("role", "log");
    list.setAttribute("aria-label", "Events");
    list.tabIndex = 0;
    const state = element("p", "Open; closing it ends no work.", "quiet state-line");
    whole.append(list, state);
    ending.hidden = false;
    try {
      await read(answer, list);
      state.textContent = "The stream has ended.";
    } catch (error) {
      state.textContent = error.name === "AbortError" ? "Closed." : "The connection broke; the work goes on.";
    } finally {
      if (open === own) ending.hidden = true;
    }
  }

  async function send({ method, path, headers, body }) {
    stop();
    const own = new AbortController();
    open = own;
    status.className = "quiet";
    status.textContent = "Sent …";
    whole.replaceChildren(status);
    const begun = performance.now();
    try {
      const answer = await answerOf(method, path, body, headers, own.signal);
      status.textContent = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - begun).toLocaleString()} ms${answer.redirected ? ` · from ${answer.url}` : ""}`;
      status.className = answer.ok ? "status" : "status bad";
      whole.append(headersOf(answer));
      if (answer.status === 401) whole.append(Object.assign(element("a", "Sign in"), { href: "/login" }));
      if (answer.headers.get("content-type")?.startsWith("text/event-stream")) {
        stream(answer, own); // meanwhile another may be sent
        return;
      }
      const text = await answer.text();
      const shown = element("pre", text ? pretty(text) : "nothing");
      shown.tabIndex = 0;
      whole.append(shown);
    } catch (error) {
      if (open !== own) return;
      status.className = "bad";
      status.textContent = error.name === "AbortError" ? "Given up." : error.message;
    }
  }

  window.addEventListener("pagehide", stop);
  return { whole, ending, send, stop };
}

// What may be answered: what is given, and below it every problem.
export function answers(operation) {
  const all = Object.entries(operation.responses);
  const whole = element("div", undefined, "answers");
  whole.append(element("h4", "Answers"));
  const list = element("ul", undefined, "fields");
  for (const [status, { description, content = {}, headers = {} }] of all.filter(([each]) => each < "400")) {
    const item = element("li");
    const line = element("p");
    line.append(element("b", status), ` ${description}`);
    item.append(line);
    for (const [media, { schema }] of Object.entries(content)) {
      item.append(element("p", `${media}: ${typeOf(schema)}`, "quiet"), ...deeper(schema));
    }
    item.append(...Object.entries(headers).map(([name, { schema }]) => about(name, schema, false)));
    list.append(item);
  }
  const problems = all.filter(([each]) => each >= "400");
  const more = element("details");
  more.append(element("summary", "Problems"));
  const said = element("dl", undefined, "headers");
  for (const [status, { description }] of problems) said.append(element("dt", status), element("dd", description));
  const schema = problems[0]?.[1].content["application/problem+json"].schema;
  more.append(element("p", "Each as application/problem+json.", "quiet"), said, ...(schema ? deeper(schema) : []));
  whole.append(list, ...(problems.length ? [more] : []));
  return whole;
}
