"""Handlers that compute for long, each attempt in a process of its own: one call in, its progress and its end out.

A process that is new for each attempt can be killed at any moment, takes nothing along, and what it started itself is
killed with it. It has no context: it gets the message and `report`, and returns a value. See `bus/isolated.py` for
what runs inside, `bus/reaper.py` for who kills it where the service can't.
"""

import asyncio
import asyncio.subprocess
import contextlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.errors import Discard, FieldError, Refuse, Retry
from needlework.bus.messages import Message
from needlework.bus.plugins import NAMESPACE

if TYPE_CHECKING:
    from needlework.bus.context import Context

HEAD = struct.Struct(">cQ")
"""Before everything that goes through a pipe: what it is, and how many bytes."""
_LAST_WORDS = 1.0
"""Seconds in which what an ended process has said is read; it waits in the pipe already."""
CALL, PROGRESS, RESULT, RAISED = b"c", b"p", b"r", b"e"


class Call(msgspec.Struct, frozen=True):
    """What the process is to do. Pickled, because only the path can tell where the rest is imported from."""

    path: list[str]
    """`sys.path`, so that it imports what we import."""
    plugin: tuple[str, str] | None
    """Name and place of the plug-in that the handler belongs to."""
    target: bytes
    """The pickled function and type of the message: both by their names."""
    message: bytes


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """One report."""

    done: int | None = None
    of: int | None = None
    note: str | None = None


class Raised(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exception: control flow with its parts, anything else as its text."""

    kind: str
    text: str
    status: int = 500
    code: str = ""
    after: float | None = None
    errors: tuple[FieldError, ...] = ()
    extra: dict[str, Any] = {}


class HandlerFailed(Exception):
    """A handler's process failed: the text is the exception's of there, or says how the process ended."""


class _Child(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells when the process itself has ended, whoever still holds its pipes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=1 << 16, loop=loop)
        self.ended = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.ended.set()


async def run(function: Callable[..., Any], message: Message[Any], context: "Context") -> Any:
    """Call `function(message, report)` in a new process; killed with all that it started where this is cancelled.

    Raises Refuse, Retry and Discard as the handler did, HandlerFailed for everything else.
    """
    call = pickle.dumps(_call(function, message))
    loop = asyncio.get_running_loop()
    # -P: a file where the service was started must not stand in for a module of Python's. A session of its own: what
    # the handler starts is in the same group, and is killed with it.
    with context.bus.epoch_lock.shared() as lock:
        words = map(str, (os.getpid(), *lock))
        transport, child = await loop.subprocess_exec(
            lambda: _Child(loop), sys.executable, "-P", "-m", "needlework.bus.isolated", *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None, start_new_session=True,
            pass_fds=lock,
            env={name: value for name, value in os.environ.items() if name not in context.bus.controls.withheld},
        )  # fmt: skip
    assert child.stdin is not None  # it is a pipe
    try:
        child.stdin.write(HEAD.pack(CALL, len(call)) + call)
        return await _answer(child, transport, context)
    except asyncio.CancelledError:  # the next attempt may begin: whoever left the group must be gone too
        child.stdin.close()
        await asyncio.wait({asyncio.ensure_future(child.ended.wait())}, timeout=_LAST_WORDS)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # a group of zombies alone (macOS)
            os.killpg(transport.get_pid(), signal.SIGKILL)
        await child.ended.wait()
        transport.close()  # not the end of its pipes: who left the group may hold them for ever


def _call(function: Callable[..., Any], message: Message[Any]) -> Call:
    plugin = None
    name = ".".join(function.__module__.split(".")[:2])
    if name.startswith(f"{NAMESPACE}."):
        module = sys.modules[name]
        folders = getattr(module, "__path__", None)
        plugin = (name.removeprefix(f"{NAMESPACE}."), str(Path(folders[0] if folders else module.__file__ or "")))
    return Call(sys.path, plugin, pickle.dumps((function, type(message))), msgspec.json.encode(message))


async def _answer(child: _Child, transport: asyncio.SubprocessTransport, context: "Context") -> Any:
    """What the handler returned; on the way its reports become events."""
    while True:
        found = await _frame(child)
        if found is None:
            await child.ended.wait()
            raise HandlerFailed(f"the handler's process {_ended(transport.get_returncode() or 0)}")
        kind, body = found
        if kind == PROGRESS:
            report = msgspec.json.decode(body, type=Progress)
            await context.progress(report.done, report.of, report.note)
        elif kind == RESULT:
            return msgspec.Raw(body) if body else None
        else:
            raise _error(msgspec.json.decode(body, type=Raised))


async def _frame(child: _Child) -> tuple[bytes, bytes] | None:
    """The next thing it says; None where it ended without another word."""
    reading = asyncio.ensure_future(_read(child))
    ended = asyncio.ensure_future(child.ended.wait())
    try:
        await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():  # what it said last is in the pipe, which somebody else may keep open
            await asyncio.wait({reading}, timeout=_LAST_WORDS)
        return await reading if reading.done() else None
    except asyncio.IncompleteReadError:
        return None
    finally:
        reading.cancel()
        ended.cancel()


async def _read(child: _Child) -> tuple[bytes, bytes]:
    assert child.stdout is not None  # it is a pipe
    kind, length = HEAD.unpack(await child.stdout.readexactly(HEAD.size))
    return kind, await child.stdout.readexactly(length)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with {code} before it answered"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _error(raised: Raised) -> Exception:
    if raised.kind == "discard":
        return Discard(raised.text)
    if raised.kind == "retry":
        return Retry(raised.text, after=raised.after)
    if raised.kind == "refuse":
        return Refuse(raised.status, raised.code, raised.text, errors=raised.errors, **raised.extra)
    return HandlerFailed(raised.text)
