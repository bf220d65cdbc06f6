"""The process that is killed: a bus, 64 producers that note what was acknowledged, and named places to die at.

Run as `python crash_child.py DIR --generation N [--rate R] [--messages N] [--drain]`. It prints `ready` when it takes
work, `published` when `--messages` are out, and with `--drain` ends by itself when nothing is left to do.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import crash_points
import crash_topics
import structlog
import uvloop
from crash_topics import Chain, Delayed, Flaky, Keyed, Ordered, Plain, Steps, nap
from needlework.bus import quarantine
from needlework.bus.bus import Bus
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.sql import Statement

PRODUCERS = 64
SHARES = {"plain": 4, "ordered": 5, "delayed": 2, "flaky": 3, "chain": 1, "steps": 1, "keyed": 1}
_BUSY = """
SELECT EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM parked) OR EXISTS (SELECT 1 FROM heads)
"""


class Producers:
    """Publishes until told to stop; a message is noted as acknowledged only after `publish` returned."""

    def __init__(self, bus: Bus, options: argparse.Namespace) -> None:
        self.bus, self.options = bus, options
        self.workspace = bus.workspaces.by_name["default"]
        self.chance = random.Random(options.generation)
        self.left = options.messages
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.acks = os.open(options.folder / "acks.log", flags, 0o600)

    async def run(self) -> None:
        """All producers, to their end."""
        async with asyncio.TaskGroup() as group:
            for producer in range(PRODUCERS):
                group.create_task(self.produce(producer))

    async def produce(self, producer: int) -> None:
        """One client: publish, note, wait a little."""
        origin, number = f"{self.options.generation}.{producer}", 0
        pause = PRODUCERS / self.options.rate
        while self.left > 0:
            self.left -= 1
            await self.one(origin, number)
            number += 1
            await nap(self.chance.random() * 2 * pause)

    async def one(self, origin: str, number: int) -> None:
        """Publish one message of a random kind."""
        kind = self.options.only or self.chance.choices(list(SHARES), list(SHARES.values()))[0]
        now = self.bus.clock.now()
        due, key = None, None
        message: Message[None]
        match kind:
            case "ordered":
                name = f"k{self.chance.randrange(self.options.keys)}"
                message = Ordered(name=name, origin=origin, number=number)
            case "delayed":
                due = now + self.chance.randrange(300_000)
                message = Delayed(origin=origin, number=number, due=due)
            case "keyed":  # the same key from all clients and over kills: one message
                key = f"key-{self.options.generation // 5}-{self.chance.randrange(4)}"
                message = Keyed(origin=key, number=0)
            case _:
                kinds = {"plain": Plain, "flaky": Flaky, "chain": Chain, "steps": Steps}
                message = kinds[kind](origin=origin, number=number)
        receipt = await self.bus.publish(
            Publication(message=message, workspace=self.workspace, due=due, idempotency_key=key)
        )
        os.write(self.acks, f"{receipt.seq} {kind} {key or origin} {0 if key else number}\n".encode())


async def drained(bus: Bus) -> None:
    """Until nothing is left, delayed and parked deliveries included."""
    while True:
        await bus.store.writer.settled()
        busy = (await bus.store.read(Statement(_BUSY)))[0][0]
        if not busy and not any(queue.held for queue in bus.dispatcher.queues.values()):
            return
        await nap(0.01)


async def main(options: argparse.Namespace) -> None:
    """Open, start, publish, and end as told."""
    crash_topics.set_up(options.folder, pause=options.pause, failing=options.failing)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    groups = [("crash", Path(__file__).parent / "migrations")]
    if options.more_migrations is not None:
        groups.append(("more", options.more_migrations))
    crash_points.arm_opening()
    bus = await Bus.open(options.folder, crash_topics.registry(), groups=groups)
    bus.failed = lambda name, error: print("failed", name, repr(error), flush=True)
    crash_points.arm(bus)
    await bus.start()
    print("ready", flush=True)
    if not options.drain:
        work = asyncio.create_task(Producers(bus, options).run())
        work.add_done_callback(published)
        await stop.wait()
        work.cancel()
    else:
        await drained(bus)
        print("drained", flush=True)
    crash_topics.trace_stop()
    await bus.stop(options.grace)
    print("stopped", flush=True)


def published(work: "asyncio.Task[None]") -> None:
    """Say that the producers ended, and of what."""
    print("published", "" if work.cancelled() else work.exception() or "", flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--generation", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1500.0, help="messages a second of all producers")
    parser.add_argument("--messages", type=int, default=1_000_000_000)
    parser.add_argument("--keys", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.004)
    parser.add_argument("--failing", type=float, default=0.1)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument("--alone-every", type=float, default=0.02)
    parser.add_argument("--more-migrations", type=Path)
    parser.add_argument("--only", choices=list(SHARES))
    parser.add_argument("--drain", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse(sys.argv[1:])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    quarantine.ALONE_EVERY = chosen.alone_every
    try:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(main(chosen))
    except BaseException:  # threads of connections must not keep it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
