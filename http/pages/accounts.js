// The names of accounts, for whatever names one by its id, and the way to each.
import { call, element } from "/ui/api.js";

const names = new Map();
const asked = new Map();

export async function loadAccounts() {
  const page = await call("GET", "/api/accounts?limit=500");
  for (const each of page.items) names.set(each.id, each.name);
}

// One that is not among the first: asked for once, however often it is named.
async function late(id) {
  if (!asked.has(id)) asked.set(id, call("GET", `/api/accounts/${encodeURIComponent(id)}`).then((found) => names.set(id, found.name)));
  await asked.get(id);
  return names.get(id);
}

// Its name, that leads to its page; where there is no such account, only what it is called.
export function accountLink(id) {
  const link = element("a", names.get(id) || id, "account");
  const lead = () => {
    link.href = `/ui/accounts#${encodeURIComponent(id)}`;
  };
  if (names.has(id)) lead();
  else late(id).then((name) => (lead(), (link.textContent = name)), () => {});
  return link;
}

// All of them as [id, name], in order of their names.
export const accountNames = () => [...names].sort((a, b) => a[1].localeCompare(b[1]));

// The filter of the lists that know whose something is.
export const byAccount = { name: "account_id", label: "Account", values: accountNames };
