"""A backlog of 5,000,000 messages below one bus (fault F23), and retention that removes beside publishes (F24).

    python benchmarks/faults/backlog.py --rows 5000000 --old 300000 --seconds 30

The backlog is written as SQL. Then, each in a fresh process, three times by turns and the median of them: a bus with
and one without the backlog (publish, claim), the real `serve` on both (start, memory). At last messages are made old,
and publishes go on while retention removes them. Prints a table and one line of JSON; exit code 1 where a figure misses
its goal.
"""

import argparse
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import backlog as claims
import common
import filled
import processes
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.sqlite import pruning

DAYS = 30 * filled.DAY
_LISTENS = re.compile(r"listening on (http://\S+)")
GOALS = {
    "publish p99 beside the backlog, times that of an empty file": 2.0,
    "claim of a page of 512, p99 (ms)": 20.0,
    "serve: from the call to listening (s)": 3.0,
    "serve: memory (MiB)": 300.0,
    "retention: longest hold of the writer (ms)": 100.0,
    "retention: unfinished messages removed": 0.0,
}


def age(directory: Path, last: int) -> None:
    """Let the messages up to number `last` have ended a month ago, those that nobody has handled too."""
    with sqlite3.connect(directory / "needlework.db") as connection:
        connection.execute("PRAGMA synchronous = off")
        connection.execute(
            "INSERT INTO events (message, created, runner, workspace, topic, kind, at)"
            " SELECT m.seq, m.created, d.runner, m.workspace, m.topic, 'result', m.created"
            " FROM deliveries d JOIN messages m ON m.seq = d.message WHERE d.message <= ?",
            (last,),
        )
        gone = connection.execute("DELETE FROM deliveries WHERE message <= ?", (last,)).rowcount
        connection.execute("UPDATE backlog SET unfinished = unfinished - ?", (gone,))
        connection.execute("UPDATE events SET at = at - ? WHERE message <= ?", (DAYS, last))
        connection.execute("UPDATE messages SET created = created - ? WHERE seq <= ?", (DAYS, last))
    connection.close()


def compiled(folder: Path) -> dict[str, str]:
    """The environment of an installed program, whose modules are compiled: else each start would do that anew."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PYTHONPYCACHEPREFIX": str(folder)}


def serve(directory: Path, environment: dict[str, str]) -> dict[str, float]:
    """How long the real service takes until it listens, and its memory."""
    code = "from needlework.cli.main import main; main()"
    words = ["serve", "--data", str(directory), "--port", "0"]
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        if next(filter(_LISTENS.search, process.stdout), None) is None:
            raise RuntimeError("serve did not start")
        found = {"served": time.perf_counter() - began, "memory": common.rss(process.pid)}
        process.send_signal(signal.SIGTERM)
    return found


async def _beside_retention(directory: Path, seconds: float) -> dict[str, float]:
    holds: list[float] = []
    prune = pruning.prune

    def timed(*args: Any) -> Any:
        began = time.perf_counter()
        try:
            return prune(*args)
        finally:
            holds.append((time.perf_counter() - began) * 1000)

    pruning.prune = timed
    bus = await Bus.open(directory, common.registry())
    await bus.pause("r0", "benchmark")
    await bus.start()
    workspace = bus.workspaces.by_name["default"]
    took: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await bus.publish(Publication(message=common.Work(id="x"), workspace=workspace))
        took.append((time.perf_counter() - began) * 1000)
    await bus.stop()
    return {"publishes": len(took), "p99": common.percentile(took, 0.99), "worst": max(took), "hold": max(holds)}


def beside_retention(directory: Path, seconds: float) -> dict[str, float]:
    """In a fresh process: publishes one after the other while retention works."""
    return uvloop.run(_beside_retention(directory, seconds))


def count(directory: Path, sql: str) -> int:
    """One number out of the file."""
    with sqlite3.connect(directory / "needlework.db") as connection:
        found = int(connection.execute(sql).fetchone()[0])
    connection.close()
    return found


def main() -> int:
    """Fill, measure, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--old", type=int, default=300_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with common.scratch() as name, common.scratch() as other, common.scratch() as modules:
        full, empty = Path(name), Path(other)
        filled.build(full, options.rows)
        filled.build(empty, 0)
        rounds: dict[Path, list[dict[str, float]]] = {full: [], empty: []}
        environment = compiled(Path(modules))
        serve(empty, environment)  # the first start compiles
        handled = min(500_000, options.rows // 10)
        for _ in range(3):
            for directory, results in rounds.items():
                served = serve(directory, environment)
                tasks = handled if directory == full else 0
                results.append(served | processes.apart(claims.measure, directory, options.seconds / 3, tasks))
        beside, alone = (
            {name: common.median([result[name] for result in results]) for name in results[0]}
            for results in rounds.values()
        )
        age(full, options.old)
        unfinished = count(full, "SELECT count(*) FROM deliveries")
        retention = processes.apart(beside_retention, full, options.seconds)
        gone = options.old - count(full, f"SELECT count(*) FROM messages WHERE seq <= {options.old}")
        lost = unfinished + retention["publishes"] - count(full, "SELECT count(*) FROM deliveries")
        size = processes.size_of(full)
    figures = [beside["publish"] / alone["publish"], beside["claim"], beside["served"], beside["memory"]]
    found = dict(zip(GOALS, [*figures, retention["hold"], lost], strict=True))
    notes = {
        "messages": options.rows, "size_mib": round(size), "publish_p99_ms": round(beside["publish"], 2),
        "publish_p99_empty_ms": round(alone["publish"], 2), "bus_start_ms": round(beside["start"], 1),
        "claims_messages_a_second": round(beside["rate"]), "serve_s_empty": round(alone["served"], 2),
        "retention_removed": gone, "publishes_beside_retention": retention["publishes"],
        "publish_beside_retention_p99_ms": round(retention["p99"], 2),
        "publish_beside_retention_worst_ms": round(retention["worst"], 1),
    }  # fmt: skip
    for what, figure in found.items():
        print(f"{what:<62}{figure:>9.2f}   goal {GOALS[what]:g}: {'met' if figure <= GOALS[what] else 'MISSED'}")
    for what, figure in notes.items():
        print(f"{what:<62}{figure:>9,}")
    print(json.dumps({"program": "backlog", **notes, **{what: round(figure, 3) for what, figure in found.items()}}))
    return int(any(figure > GOALS[what] for what, figure in found.items()) or not gone)


if __name__ == "__main__":
    sys.exit(main())
