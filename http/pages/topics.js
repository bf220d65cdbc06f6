// Topics: what may be asked of this service, by which rules, and how much of it there is; hold one, publish one.
import { call, counted, element } from "/ui/api.js";
import { empty } from "/ui/empty.js";
import { action, submits } from "/ui/evidence.js";
import { holding } from "/ui/runners.js";
import { told } from "/ui/told.js";

const API = "/api/internal/pubsub/topics";
let counts = {};


const shapeOf = (schema, parts) => (schema.$ref ? parts[schema.$ref.split("/").pop()] || {} : schema);
const kindOf = (schema) => schema.type || (schema.anyOf || []).map((each) => each.type).filter((each) => each && each !== "null")[0] || "";

// One field for each that the topic takes; what is not plain text or a number is written as JSON.
function fields(each) {
  const schema = shapeOf(each.schema, each.schema.components || {});
  const required = schema.required || [];
  return Object.entries(schema.properties || {}).map(([name, one]) => {
    const label = element("label", `${name}${required.includes(name) ? "" : " (may be left out)"}`);
    const field = element("input");
    const kind = kindOf(one);
    field.name = name;
    field.required = required.includes(name);
    field.placeholder = kind && kind !== "string" ? kind : "";
    field.spellcheck = false;
    label.append(field);
    return { name, label, field, key: each.key.includes(name), plain: kind === "string" };
  });
}

function valueOf({ name, field, plain }) {
  if (plain) return field.value;
  try {
    return JSON.parse(field.value);
  } catch {
    if (/^[\[{"]/.test(field.value.trim())) throw new Error(`${name}: that is no JSON. A text stands in quotes, a list in [ ].`);
    return field.value;
  }
}

function publishing(each) {
  const whole = element("details");
  whole.append(element("summary", "Publish one"));
  whole.addEventListener("toggle", () => {
    if (!whole.open || whole.children.length > 1) return;
    const form = element("form", undefined, "publish");
    const found = fields(each);
    form.append(...found.map((one) => one.label));
    const send = action("Publish", async () => {
      if (!form.reportValidity()) return;
      const parts = { key: {}, data: {} };
      for (const one of found) if (one.field.value !== "") parts[one.key ? "key" : "data"][one.name] = valueOf(one);
      const { id } = await call("POST", "/api/internal/pubsub/publish", { topic: each.topic, ...parts });
      const link = element("a", "Follow it");
      link.href = `/ui/messages#${encodeURIComponent(id)}`;
      form.querySelector(".sent")?.remove();
      const sent = element("p", "Published. ", "sent");
      sent.append(link);
      form.append(sent);
      told(`${each.topic} is published.`);
    });
    form.append(send);
    submits(form, send);
    whole.append(form);
  });
  return whole;
}

function card(each, again) {
  const article = element("article", undefined, "split");
  article.id = each.topic;
  const title = element("h2", each.topic);
  title.tabIndex = -1;
  article.append(title, element("p", each.summary));
  if (each.paused) title.append(" ", element("span", "held", "state state-held"));
  const about = element("p", [each.route, each.permission, each.origin].filter(Boolean).join(" · "), "quiet about");
  article.append(about);
  const now = counts[each.topic];
  if (now) article.append(element("p", `${now.waiting.toLocaleString()} to do · ${now.running} running · ${now.dead} dead`, now.dead ? "bad" : "quiet"));
  const policy = element("details");
  const text = element("pre", JSON.stringify(each.policy, null, 2));
  text.tabIndex = 0;
  policy.append(element("summary", `Its rules, taken by ${each.runners.join(", ") || "nobody"}`), text);
  article.append(policy);
  if (each.query || each.internal) return article;
  const line = element("p", undefined, "actions");
  line.append(holding(API, { id: each.topic, paused: each.paused }, again));
  article.append(line, publishing(each));
  return article;
}

export const topics = {
  title: "Topics",
  about: "Every operation is a topic. Its rules stand in topics.toml.",
  path: () => API,
  pages: false,
  load: async () => {
    counts = await call("GET", "/api/internal/counts");
  },
  none: () => empty("No topic.", [counted(0, "topic"), " is known to this server."]),
  filters: [
    { name: "q", label: "Name", turn: () => ({}) },
    { name: "kind", label: "Kind", first: "what does something", values: () => [["query", "what only reads"], ["internal", "what is not for callers"]], turn: () => ({}) },
  ],
  choose: (items, { q = "", kind = "" }) =>
    items
      .filter((each) => (kind === "query" ? each.query : kind === "internal" ? each.internal : !each.query && !each.internal))
      .filter((each) => `${each.topic} ${each.summary} ${each.route || ""}`.toLowerCase().includes(q.toLowerCase())),
  card,
};
