// The latest conversations as cards, with the evidence of their labels marked in the text.
import { call, element } from "/ui/api.js";
import { chip, legend, marked, nameOf } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

const LATEST = 8;
const MESSAGES = 3;
const TITLE = 60;
let shown = "";

function title(conversation) {
  if (conversation.subject) return conversation.subject;
  const first = (conversation.messages[0]?.text || "").replace(/\s+/g, " ").trim();
  if (!first) return "Without words";
  if (first.length <= TITLE) return first;
  return `${first.slice(0, first.lastIndexOf(" ", TITLE) > 0 ? first.lastIndexOf(" ", TITLE) : TITLE)} …`;
}

function about(conversation) {
  const line = element("p", `${conversation.channel} · `, "quiet");
  line.append(moment(conversation.last_message_at));
  const count = conversation.message_count;
  line.append(` · ${count} ${count === 1 ? "message" : "messages"}`);
  return line;
}

function card(conversation) {
  const article = element("article");
  article.append(element("h3", title(conversation)), about(conversation));
  const spans = conversation.labels.flatMap((label) => label.evidence.map((span) => ({ ...span, label: label.label })));
  const inText = new Set();
  for (const message of conversation.messages.slice(0, MESSAGES)) {
    const own = spans.filter((span) => span.message_id === message.id);
    own.forEach((span) => inText.add(span.label));
    article.append(marked(message.text, own));
  }
  const others = new Set(conversation.labels.map((label) => label.label).filter((key) => !inText.has(key)));
  if (others.size) {
    const more = element("p", "Also: ", "quiet");
    for (const key of others) more.append(chip(key));
    article.append(more);
  }
  return article;
}

export async function showConversations() {
  const page = await call("GET", `/api/conversations?limit=${LATEST}`);
  const path = (item) => `/api/conversations/${encodeURIComponent(item.id)}?limit=${MESSAGES}`;
  const all = await Promise.all(page.items.map((item) => call("GET", path(item))));
  const state = JSON.stringify(all);
  if (state === shown) return; // nothing that a reader sees is replaced without need
  shown = state;
  const none = element("p", "No conversation yet. POST one to /api/conversations, or start with --demo.", "quiet");
  document.getElementById("conversations").replaceChildren(...(all.length ? all.map(card) : [none]));
  const keys = [...new Set(all.flatMap((each) => each.labels.map((label) => label.label)))];
  document.getElementById("legend").replaceChildren(...legend(keys.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))));
}
