// The names of accounts, for whatever names one by its id.
import { call } from "/ui/api.js";

const names = new Map();

export async function loadAccounts() {
  const page = await call("GET", "/api/accounts?limit=500");
  for (const each of page.items) names.set(each.id, each.name);
}

export const accountName = (id) => names.get(id) || "";

// All of them as [id, name], in order of their names.
export const accountNames = () => [...names].sort((a, b) => a[1].localeCompare(b[1]));
