"""Needle movers in the memory of several processes, while people and matching change them and processes are killed.

    python benchmarks/faults/movers.py --minutes 10

An API and three workers. Clients send in conversations, create, change, decide, merge, purge and restore over HTTP;
processes are killed (some are told to stop) and started again. Every process is asked again and again to compare what
it holds in memory with what it reads anew; at the end, that nothing belongs to a mover that is gone. Ends by itself;
exit code 1 where something was broken, and the directory is kept.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from fleet import Fleet, attached, drain, free_port, rows, tell

PLUGIN = Path(__file__).resolve().parents[2] / "tests" / "crash" / "plugin_movers"
MOVERS = "/api/v2/needle_movers"
BETWEEN = 40
"""Requests that succeed between two kills, at least."""
FINE = {200, 201, 202, 404, 409}
"""What a client may hear: another one was faster."""
SAYS = (
    "The CSV export fails with an error whenever there are more than {n} rows.",
    "CSV export crashes with an error as soon as the table has {n} rows.",
    "We can't export to CSV: the export stops with an error for tables of {n} rows.",
    "The login page crashes when {n} people sign in at once.",
    "Logging in fails with an error for {n} of our people.",
    "The invoice of last month shows {n} seats that we do not have, it is wrong.",
    "Our invoice is wrong again: {n} seats are charged twice.",
    "We are seriously considering cancelling our subscription for {n} seats.",
    "Could you please add a dark mode? {n} of our people ask for it.",
    "All is well, thank you, {n} times.",
)
TITLES = (
    "CSV exports fail",
    "Login crashes",
    "Invoices are wrong",
    "Customers think of leaving",
    "Dark mode is wanted",
)
KINDS = ("risk", "issue", "opportunity", "progress", "decision")
ASTRAY = {
    "spans of a mover that is gone": "SELECT count(*) FROM needle_mover_spans s JOIN needle_movers m"
    " ON m.id = s.mover_id WHERE m.purge_id IS NOT NULL OR m.merged_into IS NOT NULL",
    "spans of no mover at all": "SELECT count(*) FROM needle_mover_spans WHERE mover_id IS NOT NULL"
    " AND mover_id NOT IN (SELECT id FROM needle_movers)",
    "evidence of a merged mover": "SELECT count(*) FROM needle_mover_evidence e JOIN needle_movers m"
    " ON m.id = e.needle_mover_id WHERE m.merged_into IS NOT NULL",
    "evidence whose span is another's": "SELECT count(*) FROM needle_mover_evidence e JOIN needle_movers m"
    " ON m.id = e.needle_mover_id AND m.purge_id IS NULL JOIN needle_mover_spans s ON s.id = e.span_id"
    " WHERE e.state = 'linked' AND s.mover_id IS NOT e.needle_mover_id",
}


class People:
    """Clients that change needle movers in every way, whatever happens to the processes."""

    def __init__(self, url: str, seed: int) -> None:
        self.url, self.seed, self.stop = url, seed, threading.Event()
        self.done, self.problems = Counter[str](), list[str]()
        self.purges: list[str] = []
        works = (self._talk, self._talk, self._edit, self._edit, self._look)
        self.threads = [threading.Thread(target=self._work, args=each) for each in enumerate(works)]

    def changes(self) -> int:
        """How many requests have succeeded so far."""
        return self.done.total() - self.done["not reached"]

    def start(self) -> None:
        """All of them."""
        for thread in self.threads:
            thread.start()

    def _work(self, place: int, work: Callable[[httpx2.Client, random.Random], None]) -> None:
        chance = random.Random(self.seed * 100 + place)
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            while not self.stop.is_set():
                try:
                    work(client, chance)
                except httpx2.HTTPError:
                    self.done["not reached"] += 1
                self.stop.wait(chance.random() * 0.2)

    def _ask(self, client: httpx2.Client, what: str, method: str, path: str, body: Any = None) -> Any:
        """The answer, None where another was faster or the processes are busy."""
        answer = client.request(method, path, json=body)
        self.done[what] += answer.is_success
        if answer.status_code not in FINE | {429, 503}:
            self.problems.append(f"{what}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.status_code in (200, 201) else None

    def _talk(self, client: httpx2.Client, chance: random.Random) -> None:
        """Say something new, or something else where something was said."""
        said = [
            {"text": chance.choice(SAYS).format(n=chance.randrange(20, 9_000)), "external_id": str(number),
             "sender": f"someone@company{chance.randrange(12)}.test", "sent_at": datetime.now(UTC).isoformat()}
            for number in range(chance.randrange(1, 3))
        ]  # fmt: skip
        body = {"external_id": f"talk-{chance.randrange(400)}", "channel": "chat", "messages": said}
        self._ask(client, "talk", "POST", "/api/conversations", body)

    def _edit(self, client: httpx2.Client, chance: random.Random) -> None:
        """One change by a person."""
        found = (self._ask(client, "list", "GET", f"{MOVERS}?limit=100") or {}).get("items", [])
        ways = [self._create, self._purge, self._restore] + [self._change, self._decide, self._merge] * 3
        chance.choice(ways)(client, chance, [each["id"] for each in found])

    def _create(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        body = {"title": f"{chance.choice(TITLES)} {chance.randrange(99)}", "kind": chance.choice(KINDS)}
        self._ask(client, "create", "POST", MOVERS, body)

    def _change(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        if movers:
            body = {"title": f"{chance.choice(TITLES)} {chance.randrange(99)}", "kind": chance.choice(KINDS)}
            self._ask(client, "change", "PUT", f"{MOVERS}/{chance.choice(movers)}", body)

    def _decide(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        for mover in movers and [chance.choice(movers)]:
            place = f"{MOVERS}/{mover}/evidence"
            items = (self._ask(client, "evidence", "GET", place) or {}).get("items", [])
            for each in chance.sample(items, min(2, len(items))):
                body = {"state": chance.choice(("linked", "linked", "rejected"))}
                self._ask(client, "decide", "PUT", f"{place}/{each['id']}", body)

    def _merge(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        if len(movers) > 3:
            one, other = chance.sample(movers, 2)
            self._ask(client, "merge", "POST", f"{MOVERS}/{one}/merge", {"into": other})

    def _purge(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        now = datetime.now(UTC)
        since = now - timedelta(seconds=chance.choice((5, 20, 3600)))
        body = {"from": since.isoformat(), "until": now.isoformat(), "include_user_created": chance.random() < 0.7}
        found = self._ask(client, "purge", "POST", f"{MOVERS}/purge", body)
        if found and found["purge_id"]:
            self.purges.append(found["purge_id"])

    def _restore(self, client: httpx2.Client, chance: random.Random, movers: Sequence[str]) -> None:
        if self.purges:
            self._ask(client, "restore", "POST", f"{MOVERS}/purges/{chance.choice(self.purges)}/restore", {})

    def _look(self, client: httpx2.Client, chance: random.Random) -> None:
        """Let every process compare, and match a text in the API's."""
        number = self.done["look"] + 1
        self._ask(client, "look", "POST", "/api/looked", {"number": number})
        body = {"topic": "looked.all", "data": {"number": number}}
        self._ask(client, "look everywhere", "POST", "/api/internal/pubsub/publish", body)
        self.stop.wait(0.5)


def looks(folder: Path) -> list[dict[str, Any]]:
    """What the processes found."""
    return [json.loads(line) for line in (folder / "looked.log").read_text().splitlines()]


def until_done(fleet: Fleet, people: People, more: int) -> None:
    """Until so many more requests have succeeded: a loaded machine starts slowly. A minute at most."""
    enough, end = people.changes() + more, time.monotonic() + 60
    while people.changes() < enough and time.monotonic() < end:
        fleet.let_run(0.1)


def listens(url: str) -> bool:
    """Whether the API is back from its last kill."""
    try:
        return httpx2.get(f"{url}/healthz", timeout=5).is_success
    except httpx2.HTTPError:
        return False


def last_looks(fleet: Fleet, url: str) -> tuple[int, list[str]]:
    """How many of the living processes looked once all was quiet, and what is wrong at the end."""
    end = time.monotonic() + 60
    while not listens(url) and time.monotonic() < end:
        fleet.let_run(0.2)
    before = len(looks(fleet.folder))
    with httpx2.Client(base_url=url, timeout=30) as client:
        client.post("/api/looked", json={"number": -1}).raise_for_status()
        body = {"topic": "looked.all", "data": {"number": -1}}
        client.post("/api/internal/pubsub/publish", json=body).raise_for_status()
    end = time.monotonic() + 60
    while len(looks(fleet.folder)) < before + 7 and time.monotonic() < end:
        fleet.let_run(0.2)
    last = looks(fleet.folder)[before:]
    problems = [] if len(last) >= 7 else [f"LOOKS: only {len(last)} of 7"]
    if len({(each["movers"], each["changed"]) for each in last}) > 1:
        problems.append(f"LOOKS differ: {last}")
    living = set(attached(fleet.folder))
    return len(living & {each["pid"] for each in last}), problems


def run(folder: Path, seconds: float, pause: float, seed: int) -> dict[str, Any]:
    """Change and kill for so long; the figures and the problems."""
    port, chance = free_port(), random.Random(seed)
    url = f"http://127.0.0.1:{port}"
    fleet, people = Fleet(folder, "workers", port, chance, PLUGIN), People(url, seed)
    people.start()
    until_done(fleet, people, BETWEEN)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fleet.disturb()
        until_done(fleet, people, BETWEEN)
        fleet.let_run(pause * (0.5 + chance.random()))
    drain(fleet, people, 200 + 2 * seconds)
    asked, problems = last_looks(fleet, url)
    drain(fleet, people)
    problems += fleet.stop() + people.problems
    problems += [f"NOTHING was done: {what}" for what in ("talk", "list", "look") if not people.done[what]]
    problems += [f"LEFT {count}" for (count,) in rows(folder, "SELECT count(*) FROM deliveries") if count]
    problems += [f"WRONG in memory: {each}" for each in looks(folder) if each["wrong"]]
    astray = {name: rows(folder, query)[0][0] for name, query in ASTRAY.items()}
    problems += [f"ASTRAY {count} {name}" for name, count in astray.items() if count]
    return {
        "kills": len(fleet.kills) - fleet.stops, "stops": fleet.stops, "done": dict(people.done),
        "looks": len(looks(folder)), "processes": len({each["pid"] for each in looks(folder)}),
        "asked at the end": asked, "movers": looks(folder)[-1]["movers"], "problems": problems,
    }  # fmt: skip


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two disturbances, about")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return tell("movers", ["workers"], given.seed, lambda _, at: run(at, given.minutes * 60, given.pause, given.seed))


if __name__ == "__main__":
    sys.exit(main())
