// Conversations as cards: who said what, with the evidence of labels marked in the text.
import { byId, call, counted, element, fail } from "/ui/api.js";
import { accountLink, byAccount } from "/ui/accounts.js";
import { also } from "/ui/also.js";
import { empty } from "/ui/empty.js";
import { quoted } from "/ui/inline.js";
import { keys, legend, nameOf } from "/ui/labels.js";
import { rendered } from "/ui/markdown.js";
import { Marker, spansOf } from "/ui/marks.js";
import { moment } from "/ui/moments.js";

const LATEST = 8;
const MESSAGES = 3;
const ALL = 500;
const TITLE = 60;
const MARKDOWN = ["github", "slack"];
const CHANNELS = ["email", "chat", "slack", "github", "meeting"];
let shown = "";

function title(conversation) {
  if (conversation.subject) return quoted(conversation.subject);
  const first = quoted(conversation.messages[0]?.text || "").trim();
  if (!first) return "Without words";
  if (first.length <= TITLE) return first;
  return `${first.slice(0, first.lastIndexOf(" ", TITLE) > 0 ? first.lastIndexOf(" ", TITLE) : TITLE)} …`;
}

function about(conversation) {
  const line = element("p", undefined, "quiet about");
  line.append(conversation.channel, ...(conversation.account_id ? [" · ", accountLink(conversation.account_id)] : []), " · ");
  // The last message says by itself when it was, where it is shown.
  const last = conversation.messages.at(-1)?.sent_at === conversation.last_message_at;
  line.append(...(last ? [] : ["last said ", moment(conversation.last_message_at), " · "]), counted(conversation.message_count, "message"));
  return line;
}

function files(message) {
  const names = message.attachments.map((each) => each.name || each.filename).filter((each) => typeof each === "string");
  return names.length ? [element("p", `Attached: ${names.join(", ")}`, "quiet")] : [];
}

// Where people write Markdown it is read as such, line by line as they wrote it; elsewhere a sign is a sign.
function written(text, spans, channel) {
  if (MARKDOWN.includes(channel)) {
    const made = rendered(text, spans, channel === "slack");
    made.whole.classList.add("words");
    return made;
  }
  const whole = element("p", undefined, "words");
  const marker = new Marker(text, spans);
  marker.put(whole, text, 0);
  return { whole, named: marker.name() };
}

function said(message, { labels, channel }, named) {
  const block = element("div", undefined, "said");
  block.id = message.id;
  const who = element("p", undefined, "who");
  who.append(element("b", message.sender.name || message.sender.email || message.sender.id || "somebody"), " ", moment(message.sent_at));
  const text = written(message.text, spansOf(labels, message.id), channel);
  for (const id of text.named) named.add(id);
  block.append(who, text.whole, ...files(message));
  return block;
}

function whole(conversation, article) {
  const button = element("button", `All ${conversation.message_count} messages`, "small");
  button.type = "button";
  button.setAttribute("aria-label", `All ${conversation.message_count} messages of ${title(conversation)}`);
  button.addEventListener("click", async () => {
    try {
      const full = card(await read(conversation.id, ALL), "h2");
      article.replaceWith(full);
      full.querySelector("h2").focus();
    } catch (error) {
      fail(error);
    }
  });
  return button;
}

function card(conversation, heading) {
  const article = element("article");
  article.id = conversation.id;
  const head = element(heading);
  const link = element("a", title(conversation));
  link.href = `/ui/conversations#${encodeURIComponent(conversation.id)}`;
  head.append(link);
  head.tabIndex = -1;
  article.append(head, about(conversation));
  const named = new Set();
  article.append(...conversation.messages.map((message) => said(message, conversation, named)));
  article.append(...also(conversation.labels, named));
  if (conversation.messages.length < conversation.message_count) article.append(whole(conversation, article));
  return article;
}

const read = (id, limit) => call("GET", `/api/conversations/${encodeURIComponent(id)}?limit=${limit}`);

// What one of a list is called; one without a subject by its first words.
export const conversationTitle = async (each) => title(each.subject ? each : await read(each.id, 1));

const none = () =>
  empty("No conversation yet.", [
    "Bring in mail, chats or transcripts: ",
    element("code", "needlework import FILE…"),
    ", or POST them to ",
    element("code", "/api/conversations"),
    ". To look around first, start with ",
    element("code", "needlework serve --demo"),
    ".",
  ]);

// Whether there are any.
export async function showConversations() {
  const page = await call("GET", `/api/conversations?limit=${LATEST}`);
  const all = await Promise.all(page.items.map((item) => read(item.id, MESSAGES)));
  const state = JSON.stringify(all);
  if (state === shown || byId("conversations").contains(document.activeElement)) return all.length > 0; // nothing that a reader uses is replaced
  shown = state;
  byId("conversations").replaceChildren(...(all.length ? all.map((each) => card(each, "h3")) : [none()]));
  const found = [...new Set(all.flatMap((each) => each.labels.map((label) => label.label)))];
  byId("legend").replaceChildren(...legend(found.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))));
  return all.length > 0;
}

export const conversations = {
  title: "Conversations",
  about: "Who said what. What is marked carries the label behind it: press the label, or j, then y or n, to say whether it is right.",
  path: () => "/api/conversations",
  none,
  filters: [
    { name: "q", label: "Search" },
    { name: "channel", label: "Channel", values: () => CHANNELS.map((name) => [name, name]) },
    { name: "label", label: "Label", values: keys },
    byAccount,
  ],
  card: async (item) => card(await read(item.id, MESSAGES), "h2"),
  one: async (place) => card(await read(place.split("/")[0], ALL), "h2"),
};
