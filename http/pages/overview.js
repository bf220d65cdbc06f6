// The overview: conversations with their labels as marked spans, runners and topics, live.
import { call, element } from "/ui/api.js";

const byId = (id) => document.getElementById(id);
const LATEST = 8;
const EVENTS = 12;

function marked(text, spans) {
  // Offsets count characters as Python does, not UTF-16 units.
  const letters = Array.from(text);
  const line = element("p");
  let at = 0;
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > letters.length) continue;
    line.append(letters.slice(at, span.start).join(""));
    const mark = element("mark", letters.slice(span.start, span.end).join(""));
    mark.title = span.label;
    line.append(mark);
    at = span.end;
  }
  line.append(letters.slice(at).join(""));
  return line;
}

function card(conversation) {
  const article = element("article");
  article.append(element("h3", conversation.subject || "Without a subject"));
  article.append(element("p", `${conversation.channel || ""} · ${conversation.last_message_at || ""}`, "quiet"));
  const spans = (conversation.labels || []).flatMap((label) => label.evidence.map((span) => ({ ...span, label: label.label })));
  for (const message of conversation.messages.slice(0, 3)) {
    article.append(marked(message.text, spans.filter((span) => span.message_id === message.id)));
  }
  const labels = element("ul", undefined, "labels");
  for (const name of new Set((conversation.labels || []).map((label) => label.label))) labels.append(element("li", name));
  if (labels.children.length) article.append(labels);
  return article;
}

async function showConversations() {
  const page = await call("GET", `/api/conversations?limit=${LATEST}`);
  const all = await Promise.all(page.items.map((item) => call("GET", `/api/conversations/${encodeURIComponent(item.id)}?limit=3`)));
  const none = element("p", "No conversation yet. POST one to /api/conversations, or start with --demo.", "quiet");
  byId("conversations").replaceChildren(...(all.length ? all.map(card) : [none]));
}

function row(cells, bad) {
  const made = element("tr");
  cells.forEach((cell, index) => made.append(element("td", String(cell), index === bad && cell ? "bad" : undefined)));
  return made;
}

async function showWork() {
  const [runners, counts] = await Promise.all([call("GET", "/api/internal/runners"), call("GET", "/api/internal/counts")]);
  const state = (runner) => (runner.paused ? "held" : runner.live ? runner.mode : "no live process");
  byId("runners").replaceChildren(
    ...runners.items.map((each) => row([each.id, each.waiting, each.running, each.parked, each.dead, state(each)], 4)),
  );
  byId("topics").replaceChildren(...Object.entries(counts).map(([name, each]) => row([name, each.unfinished, each.dead], 2)));
}

function fail(error) {
  byId("message").textContent = error.message;
  byId("message").hidden = false;
}

function soon(action, wait) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    setTimeout(() => {
      planned = false;
      action().catch(fail);
    }, wait);
  };
}

function follow() {
  const work = soon(showWork, 500);
  const conversations = soon(showConversations, 2000);
  const source = new EventSource("/api/internal/pubsub/events");
  const live = byId("live");
  source.onopen = () => {
    live.textContent = "live";
    work();
  };
  source.onerror = () => {
    live.textContent = "connecting again";
  };
  for (const kind of ["progress", "log", "result", "refused", "dead", "cancelled", "retrying"]) {
    source.addEventListener(kind, (event) => {
      const data = JSON.parse(event.data);
      const list = byId("events");
      list.prepend(element("li", `${data.at} ${data.topic}: ${kind}`));
      while (list.children.length > EVENTS) list.lastChild.remove();
      work();
      if (kind === "result") conversations();
    });
  }
}

async function analyse() {
  const button = byId("analyse");
  button.disabled = true;
  byId("message").hidden = true;
  try {
    const job = await call("POST", "/api/internal/labels/reanalysis");
    byId("job").hidden = false;
    await watch(job.batch_id, job.conversations_processed + job.notes_processed);
    await showConversations();
  } catch (error) {
    fail(error);
  }
  button.disabled = false;
}

function watch(batch, queued) {
  const text = byId("job-text");
  const bar = byId("progress");
  text.textContent = `${queued} queued`;
  if (!batch || !queued) return Promise.resolve();
  return new Promise((resolve) => {
    const source = new EventSource(`/api/internal/batches/${encodeURIComponent(batch)}`);
    const show = (event) => {
      const state = JSON.parse(event.data);
      bar.max = Math.max(1, state.total);
      bar.value = state.total - state.waiting;
      text.textContent = `${bar.value} of ${state.total} analysed`;
    };
    source.addEventListener("progress", show);
    source.addEventListener("result", (event) => {
      show(event);
      source.close();
      resolve();
    });
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    };
  });
}

byId("analyse").addEventListener("click", analyse);
call("GET", "/api/workspace")
  .then((here) => {
    byId("where").textContent = `${here.name} · ${here.principal.name}`;
    follow();
    return Promise.all([showWork(), showConversations()]);
  })
  .catch(fail);
