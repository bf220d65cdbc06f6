"""Delivery to Slack under SIGKILL: a real server, a Slack that misbehaves, nothing sent twice and nothing lost."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from crash_kit import Child
from crash_serve import address, rows, serve
from fake_slack import FakeSlack, fake_slack

ANNOUNCE = Path(__file__).with_name("announce")
OUTCOMES = ("lost", "drop", "429:1", "no:internal_error", "raw:502:<html>")


def publish(client: httpx2.Client, note: str, body: str) -> None:
    """A version of a summary, and that it is there."""
    saved = client.post("/api/notes", json={"id": note, "kind": "meeting_summary", "title": note, "body_md": body})
    assert saved.status_code == 200, saved.text
    data = {"note_id": note, "version": saved.json()["version"]}
    told = client.post("/api/internal/pubsub/publish", json={"topic": "announce.note", "data": data})
    assert told.status_code == 200, told.text


def unsettled(client: httpx2.Client) -> int:
    """How many deliveries are not decided yet, or were not made yet."""
    pending = client.get("/api/slack/deliveries", params={"status": "pending", "limit": 500}).json()["items"]
    topics = client.get("/api/internal/pubsub/messages", params={"state": "waiting", "limit": 500}).json()["items"]
    return len(pending) + sum(each["topic"] in ("announce.note", "note.published") for each in topics)


class Trial:
    """Kills while notes are delivered."""

    def __init__(self, folder: Path, slack: FakeSlack, base: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.slack, self.kills = slack, 0
        self._folder, self._base = folder, base
        slack.behave = self._behave

    def _behave(self, slack: FakeSlack, method: str, fields: dict[str, Any]) -> str:
        return "ok" if self.chance.random() < 0.6 else self.chance.choice(OUTCOMES)

    def start(self) -> tuple[Child, httpx2.Client]:
        """A server on the directory, with the fake as its Slack."""
        folder = self._folder / "data"
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text("xoxb-test")
        settings = f'slack_base_url = "{self._base}"\n[secrets]\nslack = {{ file = "{folder / "token"}" }}\n'
        (folder / "needlework.toml").write_text(settings)
        one = serve(folder, self._folder, "--plugins", str(ANNOUNCE))
        return one, httpx2.Client(base_url=address(one), timeout=20)

    def run(self, notes: int, channels: list[str], kills: int) -> None:
        """Publish, kill, again; then let it come to its end."""
        for generation in range(kills + 1):
            one, client = self.start()
            try:
                for channel in channels if generation == 0 else []:
                    assert client.put(f"/api/slack/channels/{channel}", json={}).status_code == 200
                for number in range(notes):
                    publish(client, f"note_{number}", f"Text of generation {generation}.")
                if generation < kills:
                    one.run_for(0.2 + 2.5 * self.chance.random())
                    self.kills += 1
                else:
                    self._settle(one, client)
            finally:
                client.close()
                one.close()

    def _settle(self, one: Child, client: httpx2.Client) -> None:
        """A Slack in good health from now on; until nothing is left to decide."""
        self.slack.behave = lambda slack, method, fields: "ok"
        end = time.monotonic() + 150
        while unsettled(client):
            assert time.monotonic() < end, client.get("/api/slack/deliveries").text[-3000:]
            one.run_for(0.5)


def test_nothing_is_sent_twice_and_nothing_is_lost_whenever_the_service_is_killed(
    tmp_path: Path, long: bool, seed: int | None
) -> None:
    """One message for each note and channel, with the last version's text, after any number of kills."""
    notes, channels, kills = (8, ["C01", "C02", "C03"], 40) if long else (2, ["C01", "C02"], 3)
    with fake_slack() as (slack, base):
        trial = Trial(tmp_path, slack, base, seed or 1)
        trial.run(notes, channels, kills)
    for channel in channels:
        titles = Counter(message["text"] for message in slack.channels[channel])
        assert titles == {f"note_{number}": 1 for number in range(notes)}, (channel, slack.deliveries(channel))
        bodies = {message["blocks"][0]["text"]["text"].splitlines()[-1] for message in slack.channels[channel]}
        assert bodies == {f"Text of generation {kills}."}
    ended = rows(tmp_path / "data", "SELECT status, count(*) FROM slack_deliveries GROUP BY status")
    assert {status for status, _ in ended} <= {"sent", "skipped"}, ended
    calls = Counter(slack.methods())
    print(f"kills {trial.kills}, deliveries {dict(ended)}, calls {dict(calls)}")
