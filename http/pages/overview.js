// The overview, live: one stream of the workspace's events says when to look again.
import { byId, fail, well } from "/ui/api.js";
import { loadAccounts } from "/ui/accounts.js";
import { analyse, resume } from "/ui/analysis.js";
import { showBegin } from "/ui/begin.js";
import { showConversations } from "/ui/conversations.js";
import { showDead } from "/ui/dead.js";
import { loadLabels } from "/ui/labels.js";
import { showJobs } from "/ui/matching.js";
import { showNav } from "/ui/nav.js";
import { showNeeds, showTop } from "/ui/top.js";
import { showEvent, showWork } from "/ui/work.js";

const KINDS = ["progress", "log", "result", "refused", "dead", "cancelled", "retrying"];
const QUIET = 5000; // messages that only arrive make no event
let source = null;

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

const work = soon(() => Promise.all([showWork(), showDead()]), 300);
const content = soon(() => Promise.all([showConversations().then(showBegin), showTop(), showNeeds()]), 1000);

// A job of hours says when it begins; one that has begun before this page was opened is asked for.
const jobs = () => showJobs(byId("jobs"), content).catch(fail);

function connect() {
  source = new EventSource("/api/internal/pubsub/events");
  source.onopen = () => {
    byId("live").textContent = "live";
    well();
    work();
  };
  source.onerror = () => {
    byId("live").textContent = "connecting again";
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, QUIET);
  };
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      const told = JSON.parse(event.data);
      showEvent(kind, told);
      work();
      if (kind === "result") content();
      if (kind === "progress" && told.data?.kind === "started") jobs();
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
    content();
  }
});
setInterval(() => {
  if (!document.hidden) work();
}, QUIET);

byId("analyse").addEventListener("click", () => {
  well();
  analyse().then(showConversations).catch(fail);
});

async function start() {
  await showNav();
  connect();
  resume().catch(fail);
  jobs();
  const said = Promise.all([loadLabels(), loadAccounts()]).then(showConversations).then(showBegin);
  await Promise.all([showWork(), showDead(), showTop(), showNeeds(), said]);
}

start().catch(fail);
