// Something that was said: the quote, its label, who said it when, and a link to its place.
import { element, fail } from "/ui/api.js";
import { accountLink } from "/ui/accounts.js";
import { quoted } from "/ui/inline.js";
import { name } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

export function placeOf(type, content, message) {
  const page = type === "note" ? "notes" : "conversations";
  return `/ui/${page}#${encodeURIComponent(content)}${message ? `/${encodeURIComponent(message)}` : ""}`;
}

export function quote(each, ...extras) {
  const item = element("li", undefined, "quote");
  const words = element("blockquote");
  const link = element("a", quoted(each.span.quote, each.content_type));
  link.href = placeOf(each.content_type, each.content_id, each.span.message_id);
  words.append(link);
  const about = element("p", undefined, "quiet");
  about.append(...(each.labels || [each.label]).flatMap((label) => [name(label), " "]));
  if (each.account_id) about.append(accountLink(each.account_id), " · ");
  const who = each.contact || each.sender;
  about.append(who ? `${who} · ` : "", moment(each.said_at));
  item.append(words, about, ...extras);
  return item;
}

// A button that does something once at a time; what went wrong is told, and nothing more is done. In a form it does that
// alone: a submission after it, of a form that it may have removed, is one that the browser warns of.
export function action(name, what, then = () => {}) {
  const button = element("button", name, "small");
  button.type = "button";
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await then(await what());
    } catch (error) {
      fail(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  return button;
}

// Enter in a field of `form` presses `button`, and the page stays.
export function submits(form, button) {
  button.type = "submit";
  form.addEventListener("submit", (event) => event.preventDefault());
}
