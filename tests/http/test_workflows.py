"""The common workflows of the reference, run as they are written: from a page of the server, from Node and from curl.

Each has its effect in the data, and its counts add up. `--long` waits the full second between two ticks.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import needlework
import pytest
from needlework.tests.http.browsers import idle
from selenium.webdriver import Chrome

REFERENCE = Path(needlework.__file__).parent.parent / "shared" / "reference" / "internal-endpoints.txt"
BULK = """\
const from = Math.floor(Date.now() / 1000) - 30 * 24 * 60 * 60;
fetch(`/api/internal/labels/reanalysis?from=${from}`, {
method: "POST",
});
"""
QUEUE = """\
async function processQueue() {
for (let i = 0; i < 100; i++) {
const response = await fetch("/api/tick/runners", { method: "POST" });
if (!response.ok) {
console.log(`Call ${i} failed: ${response.status}`);
}
await new Promise((resolve) => setTimeout(resolve, 1000)); // Wait 1 second between calls
}
}
processQueue();
"""
SINGLE = """\
fetch("/api/internal/pubsub/publish", {
method: "POST",
body: JSON.stringify({
topic: "conversation_note_analysis",
key: {
conversation_fs_id: "conv_abc123",
},
data: {},
}),
});
"""
RUNNERS = """\
fetch("/api/tick/runners", { method: "POST" });
"""
CURL = {
    BULK: 'curl -sS -X POST "$BASE/api/internal/labels/reanalysis?from=$(($(date +%s) - 30 * 24 * 60 * 60))"',
    QUEUE: 'for i in $(seq 100); do curl -sS -o /dev/null -w "" -f -X POST "$BASE/api/tick/runners"; sleep 1; done',
    SINGLE: "curl -sS -X POST \"$BASE/api/internal/pubsub/publish\" -H 'Content-Type:' -d "
    '\'{"topic":"conversation_note_analysis","key":{"conversation_fs_id":"conv_abc123"},"data":{}}\'',
    RUNNERS: 'curl -sS -X POST "$BASE/api/tick/runners"',
}
WRAPPER = "const own = fetch; globalThis.fetch = (path, options) => own(new URL(path, process.env.BASE), options);\n"
CALLERS = ["page", "curl", *(["node"] if shutil.which("node") else [])]
DAY = 86_400
PATIENCE = 240

Call = Callable[[str], None]


@pytest.fixture
def http(demo: str) -> Any:
    """Asks the demo as anybody would."""
    with httpx2.Client(base_url=demo, timeout=60) as client:
        yield client


@pytest.fixture(params=CALLERS)
def call(request: pytest.FixtureRequest, demo: str, tmp_path: Path, long: bool) -> Call:
    """Runs one example of the reference, as it stands."""
    environ = {**os.environ, "BASE": demo}

    def run(command: list[str]) -> None:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stderr) == (0, "")
        assert "failed" not in done.stdout

    def node(code: str) -> None:
        (tmp_path / "wrapper.cjs").write_text(WRAPPER)
        (tmp_path / "example.cjs").write_text(code if long else code.replace(", 1000)", ", 10)"))
        run(["node", "--require", str(tmp_path / "wrapper.cjs"), str(tmp_path / "example.cjs")])

    def curl(code: str) -> None:
        run(["bash", "-e", "-c", CURL[code] if long else CURL[code].replace("sleep 1;", "")])

    def page(code: str) -> None:
        browser: Chrome = request.getfixturevalue("browser")
        browser.get(f"{demo}/login")
        browser.execute_script(code if long else code.replace(", 1000)", ", 10)"))

    return {"node": node, "curl": curl, "page": page}[request.param]


def items(http: Any, path: str, **query: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = http.get(path, params={"limit": 100, **query, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json()["next_cursor"]}


def until(what: Callable[[], Any]) -> Any:
    """Ask again until something is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := what():
            return found
    raise AssertionError("it did not come")


def results(http: Any, topic: str, seen: set[str]) -> list[dict[str, Any]]:
    """The results of the ended messages of a topic that were not there before."""
    new = [each for each in items(http, "/api/internal/pubsub/messages", topic=topic) if each["id"] not in seen]
    return [
        http.get(f"/api/internal/pubsub/messages/{each['id']}").json()["result"]
        for each in new
        if each["state"] == "done"
    ]


def ids(http: Any, topic: str) -> set[str]:
    """The messages of a topic."""
    return {each["id"] for each in items(http, "/api/internal/pubsub/messages", topic=topic)}


def test_the_examples_stand_in_the_reference() -> None:
    """Where the reference is there."""
    text = REFERENCE.read_text() if REFERENCE.exists() else BULK + QUEUE + SINGLE + RUNNERS
    assert all(example in text for example in (BULK, QUEUE, SINGLE, RUNNERS))


def test_reprocessing_in_bulk_analyses_all_of_a_month_once(call: Call, http: Any) -> None:
    until(lambda: idle(http))
    since = time.time() - 30 * DAY
    recent = [each for each in items(http, "/api/conversations") if seconds(each["last_message_at"]) >= since]
    notes = items(http, "/api/notes")
    before = {each["id"]: each["analyzed_at"] for each in recent + notes}
    jobs, ticks = ids(http, "labels.reanalysis"), ids(http, "tick.runners")
    call(BULK)
    job = until(lambda: results(http, "labels.reanalysis", jobs))[0]
    call(QUEUE)
    ticked = until(lambda: len(found := results(http, "tick.runners", ticks)) == 100 and found)
    assert (job["conversations_processed"], job["notes_processed"]) == (len(recent), len(notes))
    batch = until(
        lambda: (state := http.get(f"/api/internal/batches/{job['batch_id']}").json())["waiting"] == 0 and state
    )
    assert batch["total"] == batch["done"] == len(recent) + len(notes)
    assert all(isinstance(started, bool) for answer in ticked for started in answer.values())
    assert all("conversation_note_analysis_processor" in answer for answer in ticked)
    after = items(http, "/api/conversations") + items(http, "/api/notes")
    again = {each["id"] for each in after if each["id"] in before and each["analyzed_at"] > before[each["id"]]}
    assert again == before.keys()


def test_reprocessing_one_conversation_analyses_that_one(call: Call, http: Any) -> None:
    text = "The invoice export is broken, it shows an error 500."
    made = http.post("/api/conversations", json={"id": "conv_abc123", "messages": [{"text": text, "external_id": "1"}]})
    assert made.json()["id"] == "conv_abc123"
    until(lambda: idle(http))
    before = http.get("/api/conversations/conv_abc123").json()
    call(SINGLE)
    call(RUNNERS)
    until(
        lambda: idle(http) and http.get("/api/conversations/conv_abc123").json()["analyzed_at"] > before["analyzed_at"]
    )
    after = http.get("/api/conversations/conv_abc123").json()
    assert [each["label"] for each in after["labels"]] == ["task_issue_bug"]
    assert after["labels"][0]["evidence"][0]["quote"] == text


def test_triggering_all_runners_answers_with_a_map_of_all(call: Call, http: Any) -> None:
    seen = ids(http, "tick.runners")
    call(RUNNERS)
    answer = until(lambda: results(http, "tick.runners", seen))[0]
    runners = http.get("/api/internal/runners").json()["items"]
    assert answer.keys() == {each["id"] for each in runners} - {"system"}


def seconds(text: str) -> float:
    """Unix seconds of a time of an answer."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
