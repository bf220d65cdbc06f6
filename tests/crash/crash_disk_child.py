"""Many short lives on a disk that fails: a process that forks one for each line it reads, and says how it ended.

Run as `python crash_disk_child.py` with the environment of a `crash_disk.Disk`. A line is `FOLDER GENERATION HOW`,
the answer is one line of JSON, `{"status": …, "text": …}`. HOW is `live` (open, publish, write back, stop; then
once more with a further migration), or `drain` (open, finish everything, stop).
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import crash_topics
import msgspec
import structlog
import uvloop
from crash_child import Producers, drained
from crash_topics import nap
from needlework.bus import quarantine
from needlework.bus.bus import Bus
from needlework.bus.errors import StorageError
from needlework.bus.records import Publication
from needlework.bus.sqlite import connections, opening, shared

HERE = Path(__file__).parent
PRODUCERS = 8
LIMIT = 30
"""Seconds after which a life is ended from inside: nothing may hang."""
FAILURES: list[str] = []


class Callers(Producers):
    """Producers that go on when the disk refuses: what they were refused is unknown to them."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for producer in range(PRODUCERS):
                group.create_task(self.produce(producer))

    async def produce(self, producer: int) -> None:
        number = 0
        while self.left > 0:
            self.left -= 1
            with contextlib.suppress(StorageError):
                await self.one(f"{self.options.generation}.{producer}", number)
            number += 1


def small_steps() -> None:
    """Little at a time, so that a short life has all of a long one: a small log that is written back often."""
    opening.WAL_PRESIZE = 8 * 1024
    connections.CHECKPOINT_PAGES, shared.CHECKPOINT_HERE = 50, "PRAGMA wal_autocheckpoint = 50"
    quarantine.ALONE_EVERY = quarantine.CALM = 0.02


async def open_bus(folder: Path, groups: list[tuple[str, Path]]) -> Bus:
    """Open and start; a disk that fails once may refuse once."""
    try:
        bus = await Bus.open(folder, crash_topics.registry(), groups=groups)
    except StorageError as error:
        print("refused", error, flush=True)
        bus = await Bus.open(folder, crash_topics.registry(), groups=groups)
    bus.failed = lambda name, error: FAILURES.append(f"{name}: {error!r}")
    try:
        await bus.start()
    except StorageError as error:
        print("not started", error, flush=True)
        await bus.stop(0.0)
        return await open_bus(folder, groups)
    return bus


async def live(folder: Path, generation: int, groups: list[tuple[str, Path]]) -> None:
    """One time up: publish, finish, write the mark, stop."""
    bus = await open_bus(folder, groups)
    options = argparse.Namespace(folder=folder, generation=generation, only=None, messages=24, keys=4)
    callers = Callers(bus, options)
    await callers.run()
    await drained(bus)
    with contextlib.suppress(OSError):
        await bus.store.write_mark()
    await finish(bus)


async def drain(folder: Path, groups: list[tuple[str, Path]]) -> None:
    """Finish all there is; one more publish shows that it takes work."""
    bus = await open_bus(folder, groups)
    message = crash_topics.Keyed(origin="last", number=0)
    workspace = bus.workspaces.by_name["default"]
    await bus.publish(Publication(message=message, workspace=workspace, idempotency_key="last"))
    await drained(bus)
    await finish(bus)


async def finish(bus: Bus) -> None:
    """Stop in order; a disk that refuses the last words must not keep the process."""
    crash_topics.trace_stop()
    with contextlib.suppress(StorageError):
        await bus.stop(1.0)


async def main(folder: Path, generation: int, how: str) -> None:
    """A life, or the last one."""
    crash_topics.set_up(folder, pause=0.001)
    first = [("crash", HERE / "migrations")]
    both = [*first, ("more", HERE / "more")]
    random.seed(generation)
    async with asyncio.timeout(LIMIT):
        if how == "drain":
            await drain(folder, both if (folder / "second").exists() else first)
        else:
            await live(folder, generation, first)
            (folder / "second").touch()
            await live(folder, generation + 1, both)
    await nap(0)
    if FAILURES:
        raise SystemExit(f"failed: {FAILURES}")


def child(words: list[str], output: int) -> None:
    """In the forked process: live, and end without what the parent has registered."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - it lives as long as the process
    code = 0
    try:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(main(Path(words[0]), int(words[1]), words[2]))
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    """Fork a life for each line, one after the other."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            child(line.split(), writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            text = said.read().decode(errors="replace")
        _, status = os.waitpid(pid, 0)
        answer = {"status": os.waitstatus_to_exitcode(status), "text": text[-3000:]}
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    small_steps()
    print("ready", flush=True)
    serve()
