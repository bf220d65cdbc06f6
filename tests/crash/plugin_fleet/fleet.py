"""A plug-in that leaves a trace of every start and end, with its process: steps by key, work under a limit, replies."""

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Any

from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe

_trace = os.open(Path(os.environ["FLEET"]) / "trace.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
_chance = random.Random()


class Step(Message[None], topic="fleet.step", key=("name",)):
    """In order by name, for two runners."""

    name: str
    number: int


class Narrow(Message[None], topic="fleet.narrow"):
    """At most two at once over both runners."""

    number: int


class Ask(Message[dict[str, int]], topic="fleet.ask"):
    """Answers its number."""

    number: int


def trace(what: str, kind: str, key: str, number: int, ctx: Context) -> None:
    """One line: what, kind, key, number, attempt, process, monotonic microseconds."""
    now = time.monotonic_ns() // 1000
    os.write(_trace, f"{what} {kind}:{ctx.runner} {key} {number} {ctx.attempt} {os.getpid()} {now}\n".encode())


async def traced(kind: str, key: str, number: int, ctx: Context) -> None:
    """A few milliseconds between start and end."""
    trace("S", kind, key, number, ctx)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    timer = loop.call_later(_chance.random() * 0.01, done.set_result, None)
    try:
        await done
    finally:
        timer.cancel()
    trace("E", kind, key, number, ctx)


@subscribe(Step, runner="fleet_steps")
@subscribe(Step, runner="fleet_more")
async def step(message: Step, ctx: Context) -> None:
    await traced("step", message.name, message.number, ctx)


@subscribe(Narrow, runner="fleet_narrow")
@subscribe(Narrow, runner="fleet_more")
async def narrow(message: Narrow, ctx: Context) -> None:
    await traced("narrow", "-", message.number, ctx)


@subscribe(Ask, runner="fleet_ask")
async def ask(message: Ask, ctx: Context) -> dict[str, Any]:
    await traced("ask", "-", message.number, ctx)
    return {"number": message.number}
