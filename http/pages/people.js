// People at accounts (users): how they are reached, where they belong, when they were seen last.
import { element } from "/ui/api.js";
import { accountLink, byAccount } from "/ui/accounts.js";
import { empty } from "/ui/empty.js";
import { moment } from "/ui/moments.js";

// What is known of somebody beside the name.
export function reached(person) {
  const line = element("span", (person.name ? person.emails : person.emails.slice(1)).join(", "), "quiet");
  if (person.status !== "active") line.append(` · ${person.status}`);
  if (person.last_seen_at) line.append(" · seen ", moment(person.last_seen_at));
  return line;
}

function card(person) {
  const article = element("article", undefined, "row");
  article.id = person.id;
  const title = element("h2", person.name || person.emails[0] || person.id);
  title.tabIndex = -1;
  const line = element("p");
  if (person.account_id) line.append(accountLink(person.account_id), " ");
  line.append(reached(person));
  article.append(title, line);
  return article;
}

export const people = {
  title: "People",
  about: "Who speaks for your accounts (users). By their addresses conversations find the account that they belong to.",
  path: () => "/api/users",
  none: () =>
    empty("No person yet.", [
      "Bring in a table: ",
      element("code", "needlework import users.csv"),
      " with the columns name, emails and account_id; or ",
      element("code", "POST /api/users"),
      ".",
    ]),
  filters: [{ name: "q", label: "Search" }, byAccount],
  card,
};
