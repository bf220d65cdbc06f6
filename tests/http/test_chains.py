"""From what was said to what is done about it, over HTTP: a meeting to Slack, an export to tasks and needle movers."""

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from needlework.tests.crash.fake_slack import FakeSlack, fake_slack
from needlework.tests.http.served import serving

NOW = datetime.now(UTC).replace(microsecond=0)
YESTERDAY = NOW - timedelta(days=1)
TALK = (
    ("Ada", "Today we look at the export to PDF, which fails for large invoices at two of our customers."),
    ("Grace", "The export runs out of memory above two hundred pages, because every page is kept until the end."),
    ("Edsger", "We could stream the pages. I measured it on Monday, and it needs a tenth of the memory."),
    ("Ada", "Then we decided: we go with streaming, and the old export stays behind a switch until May."),
    ("Edsger", "About three days, with tests. I will send the design to everybody by Friday afternoon."),
    ("Grace", "Please tell the support team before we release it, so that they know what to say to customers."),
    ("Ada", "Which customers did ask about it so far, and how often does the support team get a call?"),
    ("Grace", "Three of them complained, one of them twice in a week, and the team gets a call every single day."),
    ("Ada", "Could you please make a list of the customers who are affected by it until tomorrow evening?"),
    ("Edsger", "There are about forty of them, most in the north; the list of the invoices is longer than that."),
)
FAULTS = {
    "acme": "The CSV export fails with an error for tables of more than 1,000 rows.",
    "blue": "Our CSV export fails with an error as soon as a table has more than 1,000 rows.",
    "cato": "Again the CSV export fails with an error, the table has more than 1,000 rows.",
}


@pytest.fixture(scope="module")
def slack_and_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeSlack, httpx2.Client]]:
    """A server whose Slack is the fake one."""
    folder = tmp_path_factory.mktemp("chains")
    data = folder / "data"
    data.mkdir()
    (data / "token").write_text("xoxb-test")
    with fake_slack() as (slack, base):
        settings = f'slack_base_url = "{base}"\n[secrets]\nslack = {{ file = "{data / "token"}" }}\n'
        (data / "needlework.toml").write_text(settings)
        with serving(folder) as address, httpx2.Client(base_url=address, timeout=30) as client:
            yield slack, client


@pytest.fixture
def http(slack_and_http: tuple[FakeSlack, httpx2.Client]) -> httpx2.Client:
    return slack_and_http[1]


@pytest.fixture
def slack(slack_and_http: tuple[FakeSlack, httpx2.Client]) -> FakeSlack:
    return slack_and_http[0]


def until(found: Callable[[], Any], what: str) -> Any:
    """Wait for it, a minute at most."""
    end = time.monotonic() + 60
    while not (value := found()):
        assert time.monotonic() < end, what
    return value


def post(http: httpx2.Client, path: str, body: Any) -> Any:
    answer = http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(http: httpx2.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = http.get(path, params={"limit": 500, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def publish(http: httpx2.Client, topic: str, key: dict[str, Any]) -> Any:
    return post(http, "/api/internal/pubsub/publish", {"topic": topic, "key": key, "data": {}})


def test_a_meeting_s_summary_is_one_message_a_channel_and_a_new_version_edits_it(
    http: httpx2.Client, slack: FakeSlack
) -> None:
    for channel, notes in (("C01", ["meeting_summary"]), ("C02", ["meeting_summary", "chat_summary"]), ("C03", [])):
        assert http.put(f"/api/slack/channels/{channel}", json={"notes": notes}).status_code == 200
    start = YESTERDAY.replace(hour=10)
    said = [
        {"sender": who, "text": text, "external_id": str(n), "sent_at": (start + timedelta(minutes=n)).isoformat()}
        for n, (who, text) in enumerate(TALK * 2)
    ]
    conversation = post(http, "/api/conversations", {"id": "conv_review", "channel": "meeting", "messages": said[:10]})
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    meeting = {"id": "meet_1", "title": "Export review", "conversation_id": conversation["id"], **times}
    post(http, "/api/meetings", meeting)
    sent = until(lambda: [slack.channels[each][0] for each in ("C01", "C02") if slack.channels.get(each)][1:], "sent")
    assert sent[0]["text"] == "Summary: Export review"
    note = until(lambda: listed(http, "/api/notes", kind="meeting_summary"), "the note")[0]
    assert (note["meeting_id"], note["version"]) == ("meet_1", "v1")

    post(http, "/api/conversations/conv_review/messages", said[10:])
    publish(http, "scheduled_meetings", {"meeting_id": "meet_1"})
    until(lambda: slack.methods().count("chat.update") == 2, "edited")
    publish(http, "scheduled_meetings", {"meeting_id": "meet_1"})
    until(lambda: not listed(http, "/api/slack/deliveries", status="pending"), "settled")
    assert {each: len(slack.channels.get(each, [])) for each in ("C01", "C02", "C03")} == {"C01": 1, "C02": 1, "C03": 0}
    versions = [(each["channel_id"], each["note_version"]) for each in listed(http, "/api/slack/deliveries")]
    assert sorted(versions) == [("C01", "v1"), ("C01", "v2"), ("C02", "v1"), ("C02", "v2")]


def export(path: Path) -> Path:
    """A Slack export: a channel's day that says what the meeting did, and three shared channels with customers."""
    day = f"{YESTERDAY:%Y-%m-%d}"
    first = YESTERDAY.replace(hour=10, minute=0, second=0).timestamp()
    people = sorted({who for who, _ in TALK} | set(FAULTS))
    users = [
        {"id": f"U{n}", "name": name.lower(), "real_name": name,
         "profile": {"email": f"{name.lower()}@{name}.test" if name in FAULTS else f"{name.lower()}@ours.test"}}
        for n, name in enumerate(people)
    ]  # fmt: skip
    ids = {each["real_name"]: each["id"] for each in users}
    channels = [{"id": "C0EXPORT", "name": "export"}, *({"id": f"C0{name.upper()}", "name": name} for name in FAULTS)]
    rows = {"export": [(who, text) for who, text in TALK]} | {name: [(name, text)] for name, text in FAULTS.items()}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("channels.json", json.dumps(channels))
        made.writestr("users.json", json.dumps(users))
        for name, said in rows.items():
            messages = [
                {"type": "message", "user": ids[who], "text": text, "ts": f"{first + n * 60:.0f}.{n:06d}"}
                for n, (who, text) in enumerate(said)
            ]
            made.writestr(f"{name}/{day}.json", json.dumps(messages))
    return path


def imported(http: httpx2.Client, path: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "needlework", "import", str(path), "--json", "--url", str(http.base_url)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["imported"]
    return found


def test_an_imported_channel_becomes_a_summary_labels_tasks_and_a_needle_mover_each_once(
    http: httpx2.Client, slack: FakeSlack, tmp_path: Path
) -> None:
    accounts = [{"id": f"acct_{name}", "name": name, "domains": [f"{name}.test"]} for name in FAULTS]
    post(http, "/api/accounts", accounts)
    path = export(tmp_path / "export.zip")
    counts = [imported(http, path)[0] for _ in range(2)]
    assert [(each["created"], each["unchanged"]) for each in counts] == [(4, 0), (0, 4)], "imported twice is once"
    talks = {each["subject"]: each for each in listed(http, "/api/conversations", channel="slack")}
    assert talks["#acme"]["account_id"] == "acct_acme"
    assert talks["#export"]["channel_id"] == "C0EXPORT"

    window = {"channel_id": "C0EXPORT", "window_start": YESTERDAY.replace(hour=0, minute=0, second=0).isoformat()}
    publish(http, "chat_summary_notes", window)
    done = {"kind": "chat_summary"}
    note = until(lambda: [n for n in listed(http, "/api/notes", **done) if n["analyzed_at"]], "analysed")[0]
    assert note["title"] == f"Summary: #export, {YESTERDAY:%Y-%m-%d}"
    assert "action_items" in note["labels"]
    publish(http, "chat_summary_notes", window)

    def suggested() -> list[dict[str, Any]]:
        found = listed(http, "/api/tasks", source="content_label", status="suggested")
        return found if any("list of the customers" in each["title"] for each in found) else []

    until(suggested, "suggested")
    post(http, "/api/tick/tasks", {})
    movers = until(lambda: [m for m in listed(http, "/api/v2/needle_movers") if m["accounts"] == 3], "a needle mover")
    assert "export" in movers[0]["title"].lower()
    until(lambda: not listed(http, "/api/internal/pubsub/messages", state="waiting", topic="task_labels"), "all judged")
    said = {each["id"] for each in talks.values()} | {"conv_review"}
    for task in suggested():
        proofs = http.get(f"/api/tasks/{task['id']}").json()["evidence"]
        assert said & {each["content_id"] for each in proofs}, "no task comes from a summary alone"
    told = until(lambda: slack.channels["C02"][1:], "the subscribed channel is told of the chat")
    assert [each["text"] for each in told] == [note["title"]]
