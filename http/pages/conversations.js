// Conversations as cards: who said what, with the evidence of labels marked in the text.
import { call, element } from "/ui/api.js";
import { accountName } from "/ui/accounts.js";
import { chip, keys, legend, marked, nameOf } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

const LATEST = 8;
const MESSAGES = 3;
const ALL = 500;
const TITLE = 60;
const CHANNELS = ["email", "chat", "slack", "github", "meeting"];
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
  const account = accountName(conversation.account_id);
  if (account) line.append(`${account} · `);
  line.append(moment(conversation.last_message_at));
  const count = conversation.message_count;
  line.append(` · ${count} ${count === 1 ? "message" : "messages"}`);
  return line;
}

function said(message, spans) {
  const block = element("div", undefined, "said");
  block.id = message.id;
  const who = element("p", undefined, "who");
  who.append(element("b", message.sender.name || message.sender.email || message.sender.id || "somebody"), " ", moment(message.sent_at));
  block.append(who, marked(message.text, spans));
  return block;
}

function whole(conversation, article) {
  const button = element("button", `All ${conversation.message_count} messages`, "small");
  button.type = "button";
  button.setAttribute("aria-label", `All ${conversation.message_count} messages of ${title(conversation)}`);
  button.addEventListener("click", async () => {
    const full = card(await read(conversation.id, ALL), "h2");
    article.replaceWith(full);
    full.querySelector("h2").focus();
  });
  return button;
}

function card(conversation, heading) {
  const article = element("article");
  article.id = conversation.id;
  const head = element(heading, title(conversation));
  head.tabIndex = -1;
  article.append(head, about(conversation));
  const spans = conversation.labels.flatMap((label) => label.evidence.map((span) => ({ ...span, label: label.label })));
  const inText = new Set();
  for (const message of conversation.messages) {
    const own = spans.filter((span) => span.message_id === message.id);
    own.forEach((span) => inText.add(span.label));
    article.append(said(message, own));
  }
  const others = new Set(conversation.labels.map((label) => label.label).filter((key) => !inText.has(key)));
  if (others.size) {
    const more = element("p", "Also: ", "quiet");
    for (const key of others) more.append(chip(key));
    article.append(more);
  }
  if (conversation.messages.length < conversation.message_count) article.append(whole(conversation, article));
  return article;
}

const read = (id, limit) => call("GET", `/api/conversations/${encodeURIComponent(id)}?limit=${limit}`);

export async function showConversations() {
  const page = await call("GET", `/api/conversations?limit=${LATEST}`);
  const all = await Promise.all(page.items.map((item) => read(item.id, MESSAGES)));
  const state = JSON.stringify(all);
  if (state === shown) return; // nothing that a reader sees is replaced without need
  shown = state;
  const none = element("p", "No conversation yet. POST one to /api/conversations, or start with --demo.", "quiet");
  document.getElementById("conversations").replaceChildren(...(all.length ? all.map((each) => card(each, "h3")) : [none]));
  const found = [...new Set(all.flatMap((each) => each.labels.map((label) => label.label)))];
  document.getElementById("legend").replaceChildren(...legend(found.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))));
}

export const conversations = {
  title: "Conversations",
  path: "/api/conversations",
  none: "No conversation.",
  filters: [
    { name: "q", label: "Search" },
    { name: "channel", label: "Channel", values: () => CHANNELS.map((name) => [name, name]) },
    { name: "label", label: "Label", values: keys },
  ],
  card: async (item) => card(await read(item.id, MESSAGES), "h2"),
  one: async (place) => card(await read(place.split("/")[0], ALL), "h2"),
};
