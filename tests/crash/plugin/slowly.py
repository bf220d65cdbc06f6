"""A plug-in whose handlers wait for a file, block the loop, or raise what nobody expects."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe

FOLDER = Path(os.environ["SLOWLY"])
"""Where traces go, and where the file `go` appears when those that wait for it may end."""
_trace = os.open(FOLDER / "trace.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Job(Message[None], topic="slowly.job"):
    """Ends when it may, or never."""

    number: int
    ends: bool = True


class Ask(Message[dict[str, int]], topic="slowly.ask"):
    """The same, with a caller who waits."""

    number: int
    ends: bool = True


class Note(Message[None], topic="slowly.note"):
    """Ends at once."""

    number: int


class Wrong(Message[None], topic="slowly.wrong"):
    """Raises what its name says."""

    how: str


def trace(what: str, name: str, context: Context) -> None:
    os.write(_trace, f"{what} {name} {context.attempt} {time.monotonic_ns() // 1000}\n".encode())


async def wait(number: int, ends: bool, name: str, context: Context) -> None:
    trace("S", f"{name}{number}", context)
    loop = asyncio.get_running_loop()
    while not ends or not (FOLDER / "go").exists():
        tick = loop.create_future()
        handle = loop.call_later(0.05, tick.set_result, None)
        try:
            await tick
        finally:
            handle.cancel()
    trace("E", f"{name}{number}", context)


@subscribe(Job, runner="slowly")
async def job(message: Job, context: Context) -> None:
    await wait(message.number, message.ends, "job", context)


@subscribe(Ask, runner="slowly_asked")
async def ask(message: Ask, context: Context) -> dict[str, int]:
    await wait(message.number, message.ends, "ask", context)
    return {"number": message.number}


@subscribe(Note, runner="slowly")
async def note(message: Note, context: Context) -> None:
    trace("S", f"note{message.number}", context)


def deeper(depth: int) -> int:
    return deeper(depth + 1) + 1


@subscribe(Wrong, runner="slowly_wrong")
async def wrong(message: Wrong, context: Context) -> None:
    if message.how == "block":
        threading.Event().wait(1.5)
    elif message.how == "deaf":
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 0.3)
    elif message.how == "leak":
        raise RuntimeError(os.environ["SLOWLY_LEAK"])
    elif message.how == "recursion":
        deeper(0)
    else:
        kinds: dict[str, Any] = {
            "base": BaseException,
            "exit": SystemExit,
            "interrupt": KeyboardInterrupt,
            "generator": GeneratorExit,
            "memory": MemoryError,
            "cancelled": asyncio.CancelledError,
        }
        raise kinds[message.how]("on purpose")
