"""What the processes that are killed run: topics of every kind, with handlers that leave their traces outside.

Each start and end of a handler is one line appended to `trace.log` (a kill loses nothing that was written), each
effect one row of `effects`, which has no unique index on purpose: a double must be seen, not refused.
"""

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import StorageError
from needlework.bus.ids import message_seq
from needlework.bus.messages import Message
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe

ORDERED_RUNNERS = ("first", "second", "third")
KINDS = ("plain", "ordered", "delayed", "flaky", "chain", "steps", "keyed")
_EFFECT = "INSERT INTO effects (message, runner, part) VALUES (?, ?, ?)"
_OPTIONS: dict[str, Any] = {"trace": -1, "failing": 0.1, "pause": 0.004, "keys": 50}
_chance = random.Random()


class Plain(Message[None], topic="crash.plain"):
    """Published by a producer, or by a `Chain`."""

    origin: str
    number: int


class Ordered(Message[None], topic="crash.ordered", key=("name",)):
    """In order by `name`, for three runners."""

    name: str
    origin: str
    number: int


class Delayed(Message[None], topic="crash.delayed"):
    """Published with a due time, which it carries."""

    origin: str
    number: int
    due: int


class Flaky(Message[None], topic="crash.flaky"):
    """Fails now and then."""

    origin: str
    number: int


class Chain(Message[None], topic="crash.chain"):
    """Publishes two `Plain`."""

    origin: str
    number: int


class Steps(Message[None], topic="crash.steps"):
    """Three steps, each with an effect, committed one by one."""

    origin: str
    number: int


class Keyed(Message[None], topic="crash.keyed"):
    """Published by many clients at once under one idempotency key."""

    origin: str
    number: int


async def nap(seconds: float) -> None:
    """Let time pass as a handler's own work would."""
    done = asyncio.get_running_loop().create_future()
    handle = asyncio.get_running_loop().call_later(seconds, done.set_result, None)
    try:
        await done
    finally:
        handle.cancel()


def set_up(folder: Path, **options: Any) -> None:
    """Where the traces go, and how hard the handlers make it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    _OPTIONS.update(options, trace=os.open(folder / "trace.log", flags, 0o600))


def trace(kind: str, context: Context, key: str = "-") -> None:
    """One line: what, runner, message, attempt, key, process, monotonic and wall microseconds."""
    text = (
        f"{kind} {context.runner} {message_seq(context.message_id)} {context.attempt} {key} {os.getpid()}"
        f" {time.monotonic_ns() // 1000} {time.time_ns() // 1000}\n"
    )
    os.write(_OPTIONS["trace"], text.encode())


def trace_stop() -> None:
    """The process stops in order: what runs now may be broken off, and then costs no attempt."""
    os.write(_OPTIONS["trace"], f"STOP - 0 0 - {os.getpid()} 0 0\n".encode())


def effect(context: Context, part: int = 0) -> None:
    """A row that commits with the ack."""
    context.write(Statement(_EFFECT, (message_seq(context.message_id), context.runner, part)))


async def work(context: Context, key: str = "-", *, failing: bool = False) -> None:
    """A short piece of work with its traces and its effect."""
    trace("S", context, key)
    await nap(_chance.random() * _OPTIONS["pause"])
    if failing and _chance.random() < _OPTIONS["failing"]:
        trace("F", context, key)
        raise ValueError("failed on purpose")
    effect(context)
    trace("E", context, key)


@subscribe(Plain, runner="work")
@subscribe(Keyed, runner="work")
async def plain(message: Plain | Keyed, context: Context) -> None:
    await work(context)


@subscribe(Ordered, runner="first")
@subscribe(Ordered, runner="second")
@subscribe(Ordered, runner="third")
async def ordered(message: Ordered, context: Context) -> None:
    await work(context, message.name, failing=True)


@subscribe(Delayed, runner="work")
async def delayed(message: Delayed, context: Context) -> None:
    if context.now < message.due:
        trace("EARLY", context)
    await work(context)


@subscribe(Flaky, runner="work")
async def flaky(message: Flaky, context: Context) -> None:
    await work(context, failing=True)


@subscribe(Chain, runner="work")
async def chain(message: Chain, context: Context) -> None:
    for part in (0, 1):
        context.publish(Plain(origin=f"chain-{message.origin}-{message.number}", number=part))
    await work(context)


@subscribe(Steps, runner="work")
async def steps(message: Steps, context: Context) -> None:
    trace("S", context)
    done = context.cursor or 0
    for part in range(done, 2):
        effect(context, part)
        try:
            await context.commit(part + 1)
        except StorageError:  # a failing disk: it runs again
            trace("F", context)
            raise
        await nap(_chance.random() * _OPTIONS["pause"])
    effect(context, 2)
    trace("E", context)


@subscribe(Flaky, runner="thread")
def in_thread(message: Flaky, context: Context) -> None:
    trace("S", context)
    effect(context)
    trace("E", context)


def registry() -> Registry:
    """All of the above."""
    topic: dict[str, Any] = {
        "summary": "x",
        "permission": "permissionTasksWrite",
        "timeout": "20s",
        "retry": {"attempts": 1000, "first": "5ms", "most": "50ms"},
    }
    topics = {f"crash.{kind}": dict(topic) for kind in KINDS}
    topics["crash.ordered"] |= {"order": "key"}
    runners = {name: {"description": name, "concurrency": 8} for name in ORDERED_RUNNERS}
    runners |= {"work": {"description": "work", "concurrency": 32}, "thread": {"description": "threads"}}
    handlers = (plain, ordered, delayed, flaky, chain, steps, in_thread)
    return Registry.of(*handlers, policies={"runners": runners, "topics": topics})
