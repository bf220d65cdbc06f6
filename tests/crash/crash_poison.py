"""A process with a message that kills it: `python crash_poison.py DIR HOW [--publish]`; innocent ones flow beside it.

HOW is `exit` (os._exit), `abort` (a C-level abort), `eat` (memory up to a limit of this process), or `block`
(the loop stands still and the parent kills it, as a supervisor would). It prints `ready`, then `settled` when the
poison has ended, with what `explain` says, and ends in order on SIGTERM.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading
from pathlib import Path

import crash_topics
import structlog
import uvloop
from crash_topics import nap
from needlework.bus import quarantine
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import StorageError
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe

SPACE = 1 << 30
"""Bytes that a process which eats memory may have more than it starts with."""


class Poison(Message[None], topic="poison"):
    """Kills the process that runs it."""

    how: str


class Calm(Message[None], topic="calm"):
    """Does its work."""

    number: int


@subscribe(Poison, runner="work")
async def poison(message: Poison, context: Context) -> None:
    crash_topics.trace("P", context)
    match message.how:
        case "exit":
            os._exit(9)
        case "abort":
            signal.signal(signal.SIGABRT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGABRT)
        case "block":
            print("blocked", flush=True)
            threading.Event().wait(60)
    eaten = []
    while True:
        eaten.append(bytearray(64 << 20))


@subscribe(Calm, runner="work")
@subscribe(Calm, runner="beside")
async def calm(message: Calm, context: Context) -> None:
    await crash_topics.work(context)


def registry() -> Registry:
    """Both topics; the poison has a neighbour in its own runner."""
    topic = {"summary": "x", "permission": "permissionTasksWrite"}
    retry = {"attempts": 3, "first": "10ms"}
    policies = {
        "runners": {"work": {"description": "x"}, "beside": {"description": "x"}},
        "topics": {"poison": {**topic, "retry": retry}, "calm": topic},
    }
    return Registry.of(poison, calm, policies=policies)


async def main(options: argparse.Namespace) -> None:
    """Publish innocent messages all the time; say when the poison is settled."""
    quarantine.CALM = 1.0
    crash_topics.set_up(options.folder, pause=0.02)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    groups = [("crash", Path(__file__).parent / "migrations")]
    bus = await Bus.open(options.folder, registry(), groups=groups)
    bus.failed = lambda name, error: os._exit(70)  # as `serve` would, only faster
    workspace = bus.workspaces.by_name["default"]
    note = options.folder / "poison"
    if options.publish:
        await bus.publish_all([Publication(message=Calm(number=n), workspace=workspace) for n in range(50)])
        receipt = await bus.publish(Publication(message=Poison(how=options.how), workspace=workspace))
        note.write_text(receipt.id)
        await bus.publish_all([Publication(message=Calm(number=n), workspace=workspace) for n in range(50)])
    await bus.start()
    print("ready", flush=True)
    publishing = asyncio.create_task(publish(bus))
    waiting = asyncio.create_task(settled(bus, note.read_text()))
    await stop.wait()
    publishing.cancel()
    waiting.cancel()
    await bus.stop(1)


async def publish(bus: Bus) -> None:
    """Innocent messages, one after the other."""
    workspace, number = bus.workspaces.by_name["default"], 0
    while True:
        with contextlib.suppress(MemoryError, StorageError):  # while memory is eaten, any caller may hear of it
            await bus.publish(Publication(message=Calm(number=number), workspace=workspace))
        number += 1
        await nap(0.01)


async def settled(bus: Bus, ident: str) -> None:
    """Say what `explain` says when the poison has ended."""
    workspace = bus.workspaces.by_name["default"]
    while True:
        await nap(0.05)
        with contextlib.suppress(Exception):  # a reader may hear of it too
            (delivery,) = (await bus.explain(workspace, ident))["deliveries"]
            if delivery["state"] not in ("waiting", "running", "parked"):
                print(f"settled {delivery['state']}: {delivery['text']}", flush=True)
                return
            print(f"state {delivery['reason']}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("how")
    parser.add_argument("--publish", action="store_true")
    chosen = parser.parse_args(sys.argv[1:])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if chosen.how == "eat":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + SPACE, used + SPACE))
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(main(chosen))
