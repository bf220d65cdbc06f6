// The overview, live: one stream of the workspace's events says when to look again.
import { call } from "/ui/api.js";
import { analyse } from "/ui/analysis.js";
import { showConversations } from "/ui/conversations.js";
import { showDead } from "/ui/dead.js";
import { loadAccounts } from "/ui/accounts.js";
import { loadLabels } from "/ui/labels.js";
import { showNav } from "/ui/nav.js";
import { showTop } from "/ui/top.js";
import { showEvent, showWork } from "/ui/work.js";

const KINDS = ["progress", "log", "result", "refused", "dead", "cancelled", "retrying"];
const QUIET = 5000; // messages that only arrive make no event
const byId = (id) => document.getElementById(id);
let source = null;

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

const work = soon(() => Promise.all([showWork(), showDead(fail)]), 300);
const conversations = soon(() => Promise.all([showConversations(), showTop()]), 1000);

function connect() {
  source = new EventSource("/api/internal/pubsub/events");
  source.onopen = () => {
    byId("live").textContent = "live";
    byId("message").hidden = true;
    work();
  };
  source.onerror = () => {
    byId("live").textContent = "connecting again";
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, QUIET);
  };
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      showEvent(kind, JSON.parse(event.data));
      work();
      if (kind === "result") conversations();
    });
  }
}

// A browser has six connections for a server, all tabs together: one that nobody looks at holds none.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (source === null) {
    connect();
    conversations();
  }
});
setInterval(() => {
  if (!document.hidden) work();
}, QUIET);

byId("analyse").addEventListener("click", () => {
  byId("message").hidden = true;
  analyse().then(showConversations).catch(fail);
});

async function start() {
  showNav();
  const here = await call("GET", "/api/workspace");
  byId("where").textContent = `${here.name} · ${here.principal.name}`;
  connect();
  await Promise.all([showWork(), showDead(fail), showTop(), Promise.all([loadLabels(), loadAccounts()]).then(showConversations)]);
}

start().catch(fail);
