"""S4: a foreign page in a real browser tries everything against a default server: 0 reads, 0 effects."""

import contextlib
import sqlite3
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest
from needlework.tests.fakes import served
from needlework.tests.http.browsers import chromium, until
from needlework.tests.http.served import serving
from prometheus_client.parser import text_string_to_metric_families
from selenium.webdriver import Chrome

REBOUND = "rebound.example"
NOTE = '{"title":"planted","body_md":"by a foreign page"}'
WRITES = (
    ("POST", "/api/internal/runners/reports/pause", None),
    ("POST", "/api/notes", NOTE),
    ("PUT", "/api/workspace/config", '{"config":{"tick":{"disable":true}}}'),
    ("POST", "/api/tokens", '{"name":"planted","permissions":["permissionRead"]}'),
    ("POST", "/api/internal/pubsub/publish", f'{{"topic":"note.ingest","data":{NOTE}}}'),
    ("POST", "/api/tickets", None),
)
READS = ("/", "/healthz", "/api/notes", "/openapi.json", "/metrics", "/ui", "/api/internal/pubsub/events")
HELD = ("tokens", "sessions", "tickets", "workspaces", "pauses")
SCRIPT = """
const [targets, reads, writes, patience, done] = [...arguments];
const got = [], jobs = [];
const bounded = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, patience))]);
const attempt = (what, work) => {
  const tried = async () => { const found = await bounded(work()); if (found) got.push([what, found]); };
  jobs.push(tried().catch(() => {}));
};
const fetched = (...request) => fetch(...request).then((answer) => answer.type === "opaque" ? "" : answer.text());
const opened = (channel) => new Promise((resolve) => {
  channel.onopen = channel.onmessage = () => { channel.close(); resolve("open"); };
  channel.onerror = () => { channel.close(); resolve(""); };
});
const loaded = (element) => new Promise((resolve) => {
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("");
  document.body.append(element);
});
const framed = (frame, start) => new Promise((resolve) => {
  frame.onload = () => {
    const inside = frame.contentDocument;
    if (inside === null || inside.URL !== "about:blank") resolve(inside === null ? "" : inside.body.textContent);
  };
  document.body.append(frame);
  start();
});
const read = (target, path) => {
  for (const mode of ["cors", "no-cors", "same-origin"])
    for (const credentials of ["include", "omit"])
      attempt(`fetch ${mode} ${path}`, () => fetched(target + path, {mode, credentials}));
  const script = document.createElement("script"), image = new Image(), style = document.createElement("link");
  script.src = image.src = style.href = target + path;
  style.rel = "stylesheet";
  attempt(`script ${path}`, () => loaded(script));
  attempt(`img ${path}`, () => loaded(image));
  attempt(`style ${path}`, () => loaded(style));
  const frame = document.createElement("iframe");
  attempt(`iframe ${path}`, () => framed(frame, () => { frame.src = target + path; }));
  attempt(`stream ${path}`, () => opened(new EventSource(target + path, {withCredentials: true})));
  attempt(`socket ${path}`, () => opened(new WebSocket(target.replace("http", "ws") + path)));
};
const write = (target, method, path, body) => {
  for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"])
    for (const [mode, credentials] of [["cors", "include"], ["cors", "omit"], ["no-cors", "include"]])
      attempt(`${method} ${path}`, () => fetched(
        target + path, {method, mode, body, credentials, headers: {"content-type": type}}));
  navigator.sendBeacon(target + path, body ?? "");
  for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    const form = document.createElement("form"), field = document.createElement("input");
    const frame = document.createElement("iframe");
    form.target = frame.name = `${target} ${path} ${enctype}`;
    form.action = target + path; form.method = "POST"; form.enctype = enctype;
    field.name = (body ?? "{}").slice(0, -1) + ',"x'; field.value = '":1}';
    form.append(field); document.body.append(form);
    attempt(`form ${path}`, () => framed(frame, () => form.submit()));
  }
};
for (const target of targets) {
  for (const path of reads) read(target, path);
  for (const [method, path, body] of writes) write(target, method, path, body);
}
Promise.all(jobs).then(() => done(got));
"""


class _Page(BaseHTTPRequestHandler):
    """An empty page of somebody else's."""

    def do_GET(self) -> None:
        """The same for every address."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body></body>")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A page on 127.0.0.2, another site on the same machine."""
    with served(_Page, "127.0.0.2") as address:
        yield address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its files."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """A server as it is by default."""
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for which a foreign name has come to mean this machine."""
    made = chromium(tmp_path_factory.mktemp("foreign"), f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1")
    made.set_script_timeout(60)
    yield made
    made.quit()


def stored(folder: Path) -> dict[str, Any]:
    """Every row of the tables in `HELD`, and whatever else says "planted", which schedules never do."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/data/needlework.db?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    return {name: [row for row in rows[name] if name in HELD or "planted" in repr(row)] for name in names}


def answers(server: str) -> dict[tuple[str, str], float]:
    """How many requests had which (route, status) so far, those for this count left out."""
    text = httpx2.get(f"{server}/metrics", trust_env=False).text
    return {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "needlework_http_requests_total" and sample.labels["route"] != "/metrics"
    }


def test_s4_a_page_elsewhere_reads_nothing_and_changes_nothing(
    browser: Chrome, server: str, folder: Path, elsewhere: str
) -> None:
    before = stored(folder)
    browser.get(elsewhere)
    targets = [server.replace("127.0.0.1", name) for name in ("127.0.0.1", "localhost", "0.0.0.0")]
    assert browser.execute_async_script(SCRIPT, targets, READS, WRITES, 10_000) == []
    found = answers(server)
    assert {status for _, status in found} <= {"403", "421"}, found
    assert sum(found.values()) > 100, found
    assert stored(folder) == before


def test_s4_a_name_that_was_rebound_reaches_nothing(browser: Chrome, server: str, folder: Path) -> None:
    """The browser takes it for one site: no rule of browsers protects, only that we do not answer to that name."""
    before, had = stored(folder), answers(server)
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})  # the foreign server's page came without a policy
    own = f"http://{REBOUND}:{server.rpartition(':')[2]}"
    browser.get(own)
    assert "421" in browser.page_source
    got = browser.execute_async_script(SCRIPT, [own], READS, WRITES, 10_000)
    assert [each for each in got if "misdirected" not in each[1]] == []
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    now = answers(server)
    assert {place for place, count in now.items() if count != had.get(place)} == {("none", "421")}
    assert stored(folder) == before


def test_s4_our_own_page_works_and_breaks_no_rule_of_its_policy(browser: Chrome, server: str) -> None:
    browser.get_log("browser")
    browser.get(f"{server}/ui")
    until(browser, lambda: browser.find_element("id", "live").text == "live")
    assert browser.get_log("browser") == []


def test_s4_the_attempts_are_sound_where_that_page_is_allowed(browser: Chrome, elsewhere: str, tmp_path: Path) -> None:
    """The same attempts against a server that was told to trust the page: all is read, everything happens."""
    with serving(tmp_path, "--allow-origin", elsewhere) as server:
        before = stored(tmp_path)
        browser.get(elsewhere)
        got = browser.execute_async_script(SCRIPT, [server], READS[1:-1], WRITES, 10_000)
        assert {what for what, _ in got} >= {f"fetch cors {path}" for path in READS[1:-1]}
        after, found = stored(tmp_path), answers(server)
    done = {path.replace("{id}", "reports") for path, status in found if status[0] == "2"}
    assert {path for _, path, _ in WRITES} <= done, found
    assert {"tokens", "tickets", "workspaces", "pauses", "messages", "notes"} <= {
        name for name in before if before[name] != after[name]
    }
