"""What the database must look like when everything is drained: nothing lost, nothing invented, nothing twice."""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from crash_kit import read_acks

TAKERS = {
    "crash.ordered": {"first", "second", "third"},
    "crash.flaky": {"work", "thread"},
}
PARTS = {"crash.steps": 3}
_LEFT = ("deliveries", "parked", "heads", "windows", "owners", "positions")
_ENDED = "('result', 'refused', 'dead', 'cancelled')"


def check_database(folder: Path, *, producers: int = 64) -> list[str]:
    """Every broken promise that a drained database shows; [] is good."""
    connection = sqlite3.connect(folder / "needlework.db")
    connection.row_factory = sqlite3.Row
    try:
        problems: list[str] = []
        for check in (_integrity, _nothing_left, _outcomes, _effects):
            problems += check(connection)
        problems += _acknowledged(connection, folder)
        return problems
    finally:
        connection.close()


def buried(folder: Path) -> Counter[str]:
    """Dead letters by reason."""
    connection = sqlite3.connect(folder / "needlework.db")
    try:
        return Counter(reason for (reason,) in connection.execute("SELECT reason FROM dead"))
    finally:
        connection.close()


def _integrity(connection: sqlite3.Connection) -> Iterator[str]:
    rows = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    if rows != ["ok"]:
        yield f"integrity_check: {rows[:5]}"
    rows = connection.execute("PRAGMA foreign_key_check").fetchall()
    if rows:
        yield f"foreign_key_check: {len(rows)} rows"


def _nothing_left(connection: sqlite3.Connection) -> Iterator[str]:
    for table in _LEFT:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if count:
            yield f"{count} rows are left in {table}"
    for row in connection.execute("SELECT topic, unfinished FROM backlog WHERE unfinished <> 0"):
        yield f"backlog of topic {row['topic']} says {row['unfinished']}"


def _outcomes(connection: sqlite3.Connection) -> Iterator[str]:
    """Exactly one terminal event for each message and runner that it was owed to."""
    rows = connection.execute(f"""
        SELECT m.seq, n.name, m.owed, (SELECT group_concat(r.name) FROM events e JOIN names r ON r.id = e.runner
            WHERE e.message = m.seq AND e.kind IN {_ENDED}) AS ended
        FROM messages m JOIN names n ON n.id = m.topic""")
    for row in rows:
        expected = sorted(TAKERS.get(row["name"], {"work"}))
        ended = sorted((row["ended"] or "").split(","))
        if ended != expected:
            yield f"message {row['seq']} of {row['name']} ended for {ended}, owed to {expected}"


def _effects(connection: sqlite3.Connection) -> Iterator[str]:
    """Completed if and only if its effects are there, each once."""
    for row in connection.execute("SELECT * FROM effects GROUP BY message, runner, part HAVING count(*) > 1"):
        yield f"effect twice: {tuple(row)}"
    for row in connection.execute("SELECT message FROM effects EXCEPT SELECT seq FROM messages"):
        yield f"an effect of no message: {row[0]}"
    parts = Counter((row[0], row[1]) for row in connection.execute("SELECT message, runner FROM effects"))
    rows = connection.execute("""
        SELECT e.message, r.name AS runner, n.name AS topic, e.kind
        FROM events e JOIN names n ON n.id = e.topic JOIN names r ON r.id = e.runner
        WHERE e.kind IN ('result', 'dead')""")
    for message, runner, topic, kind in rows:
        wanted, found = PARTS.get(topic, 1), parts[message, runner]
        if kind == "result" and found != wanted:
            yield f"{topic} {message} of {runner} completed with {found} effects"
        if kind == "dead" and found and wanted == 1:
            yield f"{topic} {message} of {runner} is dead and has effects"


def _bodies(connection: sqlite3.Connection) -> Iterator[tuple[int, str, dict[str, Any]]]:
    rows = connection.execute("SELECT m.seq, n.name, m.body FROM messages m JOIN names n ON n.id = m.topic")
    for row in rows:
        yield row[0], row[1], msgspec.json.decode(row[2])


def _acknowledged(connection: sqlite3.Connection, folder: Path) -> Iterator[str]:
    """Everything acknowledged is stored under its number; what else is there can only be a last word cut off."""
    stored: dict[int, tuple[str, str, int]] = {}
    for seq, topic, body in _bodies(connection):
        stored[seq] = (topic.removeprefix("crash."), body["origin"], body["number"])
    acks = read_acks(folder)
    for seq, *what in acks:
        if stored.get(seq) != tuple(what):
            yield f"LOST: message {seq} {what} was acknowledged; stored is {stored.get(seq)}"
    yield from _twice(stored)
    yield from _unpublished(stored, acks)


def _twice(stored: dict[int, tuple[str, str, int]]) -> Iterator[str]:
    counts = Counter(stored.values())
    yield from (f"stored twice: {what}" for what, count in counts.items() if count > 1)


def _unpublished(stored: dict[int, tuple[str, str, int]], acks: list[tuple[int, str, str, int]]) -> Iterator[str]:
    """A producer publishes one after the other: of each, at most one was stored without being acknowledged."""
    done: dict[str, set[int]] = defaultdict(set)
    for _, kind, origin, number in acks:
        if kind != "keyed":
            done[origin].add(number)
    chained: dict[str, int] = Counter()
    chains = {f"chain-{origin}-{number}" for kind, origin, number in stored.values() if kind == "chain"}
    for kind, origin, number in stored.values():
        if kind == "keyed":
            continue
        if origin.startswith("chain-"):
            chained[origin] += 1
            if origin not in chains:
                yield f"nobody published {kind} {origin} {number}"
        elif number not in done[origin] and re.fullmatch(r"\d+\.\d+", origin):
            extra = f"{origin}!"
            if done[extra]:
                yield f"nobody published {kind} {origin} {number}"
            done[extra].add(number)
    for origin in chains:
        if chained[origin] != 2:
            yield f"{origin} has {chained[origin]} children, it published 2"
