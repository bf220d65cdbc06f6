"""A stream that is cut again and again, and a server that is killed, under load (fault F31).

    python benchmarks/faults/resume.py --cuts 500 --kills 10

One reader follows the workspace's events and comes back with Last-Event-ID each time; at the end the numbers that it
has seen must be the log: no gap, nothing twice, in order. Then an id that retention has removed must get a `reset`.
Exit code 1 where it is not so.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sqlite3
import sys
import time
from typing import Any

from served import EVENTS, PUBLISH, Honest, Served, served


class Reader:
    """What one reader has seen over all its connections."""

    def __init__(self, server: Served) -> None:
        self._server, self.ids, self.resets = server, list[int](), 0
        self.connections = 0

    async def follow(self, seconds: float, after: int | None = None) -> None:
        """Connect, read for a while, and go without a word."""
        last = after if after is not None else (self.ids[-1] if self.ids else 0)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
            try:
                writer.write(EVENTS + b"Last-Event-ID: %d\r\n\r\n" % last)
                self.connections += 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        while True:
                            frame = await reader.readuntil(b"\n\n")
                            self._take(frame)
            finally:
                writer.transport.abort()

    def _take(self, frame: bytes) -> None:
        self.resets += b"event: reset\n" in frame
        self.ids += [int(line[4:]) for line in frame.split(b"\n") if line.startswith(b"id: ")]


async def load(server: Served, acknowledged: list[str], stop: asyncio.Event) -> None:
    """Publish in lists until told to stop; a killed server is called again."""
    client, number = Honest(server), 0
    while not stop.is_set():
        number += 1
        body = [{"topic": "big.make", "data": {"size": 10 * (number % 50)}}] * 20
        try:
            status, found = await client.call("POST", PUBLISH, body)
            if status == 200:
                acknowledged += [each["id"] for each in json.loads(found)]
        except (OSError, EOFError, TimeoutError):
            client = Honest(server)
        await asyncio.sleep(0.02)


async def run(server: Served, options: argparse.Namespace) -> dict[str, Any]:
    """Cuts at random instants, kills between them, then a last connection to the end of the log."""
    chance, reader, acknowledged = random.Random(options.seed), Reader(server), list[str]()
    stop, began = asyncio.Event(), time.monotonic()
    publishing = asyncio.ensure_future(load(server, acknowledged, stop))
    killing = set(chance.sample(range(options.cuts), options.kills))
    for cut in range(options.cuts):
        await reader.follow(options.every * 2 * chance.random())
        if cut in killing:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
    stop.set()
    await publishing
    log = await settled(server)
    while not reader.ids or reader.ids[-1] < log[-1]:
        await reader.follow(2)
    took = time.monotonic() - began
    lost = len(set(log) - set(reader.ids))
    return {"cuts": options.cuts, "kills": options.kills, "connections": reader.connections, "events": len(log),
            "acknowledged": len(acknowledged), "seen": len(reader.ids), "gaps": lost,
            "doubles": len(reader.ids) - len(set(reader.ids)), "exactly_the_log": reader.ids == log,
            "resets": reader.resets, "seconds": round(took, 1)}  # fmt: skip


async def settled(server: Served) -> list[int]:
    """The numbers of all events, once no more come."""
    before: list[int] = []
    while True:
        with contextlib.closing(
            sqlite3.connect(f"file:{server.folder}/data/needlework.db?mode=ro", uri=True)
        ) as database:
            log = [row[0] for row in database.execute("SELECT seq FROM events WHERE workspace = 1 ORDER BY seq")]
        if log and log == before:
            return log
        before = log
        await asyncio.sleep(1)


async def expired(server: Served) -> bool:
    """Whether a resume point that is gone is told, and what is kept follows."""
    reader = Reader(server)
    await reader.follow(2, after=1)
    return reader.resets == 1 and bool(reader.ids) and reader.ids[0] > 2


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--every", type=float, default=0.15, help="seconds between two cuts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with served() as server:
        result = asyncio.run(run(server, options))
        server.kill()
        with contextlib.closing(sqlite3.connect(server.folder / "data" / "needlework.db")) as database:
            (half,) = database.execute("SELECT (min(seq) + max(seq)) / 2 FROM events").fetchone()
            database.execute("DELETE FROM events WHERE seq <= ?", (half,))  # as retention does: with its mark
            database.execute(
                "INSERT INTO pruned (workspace, topic, event) SELECT DISTINCT workspace, topic, ? FROM events"
                " WHERE true ON CONFLICT (workspace, topic) DO UPDATE SET event = max(event, excluded.event)",
                (half,),
            )
            database.commit()
        server.start()
        result["reset_told"] = asyncio.run(expired(server))
    result["met"] = result["exactly_the_log"] and result["reset_told"] and not result["resets"]
    print("\n".join(f"{name:>16}  {value}" for name, value in result.items()))
    print(json.dumps({"program": "resume", **result}))
    return int(not result["met"])


if __name__ == "__main__":
    sys.exit(main())
