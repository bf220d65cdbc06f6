"""Inside a handler's own process: take one call, report, answer, end. See `bus/processes.py`."""

import os
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from needlework.bus.errors import Discard, GuardFailed, NeedleworkError, Refuse, Retry
from needlework.bus.execution import describe
from needlework.bus.messages import Reply
from needlework.bus.plugins import import_plugin
from needlework.bus.processes import HEAD, PROGRESS, RAISED, RESULT, Call, Progress, Raised
from needlework.bus.reaper import stand_between


def main() -> None:
    """One call, from standard input to where standard output led; ends the process.

    The arguments are the service's process id and, where it has one, the descriptor of its lock.
    """
    service, *lock = map(int, sys.argv[1:])
    body = _read(HEAD.unpack(_read(HEAD.size))[1])
    stand_between(service, lock[0] if lock else None)
    channel = os.dup(1)
    os.dup2(2, 1)  # what a handler prints is for the log
    call: Call = pickle.loads(body)
    alone = threading.Lock()  # a handler's own threads may report too

    def send(kind: bytes, body: bytes) -> None:
        with alone:
            _write(channel, kind, body)

    send(*_call(call, send))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # what a handler left running must not keep it


def _call(call: Call, send: Callable[[bytes, bytes], None]) -> tuple[bytes, bytes]:
    def report(done: int | None = None, of: int | None = None, note: str | None = None) -> None:
        """Say how far it is, as `ctx.progress` does."""
        send(PROGRESS, msgspec.json.encode(Progress(done, of, note)))

    try:
        sys.path[:] = call.path
        if call.plugin is not None:
            import_plugin(call.plugin[0], Path(call.plugin[1]))
        function, kind = pickle.loads(call.target)
        result = function(msgspec.json.decode(call.message, type=kind), report)
        if isinstance(result, Reply):
            result = {"$body": result.body, "$headers": result.headers}
        return RESULT, b"" if result is None else msgspec.json.encode(result)
    except BaseException as error:  # whatever a handler raises is the service's to judge
        return RAISED, _raised(error)


def _raised(error: BaseException) -> bytes:
    try:
        return msgspec.json.encode(_told(error))
    except (TypeError, ValueError, msgspec.MsgspecError):  # it carries what can't be told: then what it is
        return msgspec.json.encode(Raised("failed", describe(error)))


def _told(error: BaseException) -> Raised:
    if isinstance(error, Discard):
        return Raised("discard", error.reason)
    if isinstance(error, Retry):
        return Raised("retry", error.reason, after=error.after)
    if isinstance(error, Refuse):
        return Raised("refuse", error.detail, error.status, error.code, errors=error.errors, extra=error.extra)
    if isinstance(error, NeedleworkError) and 400 <= error.status <= 499 and not isinstance(error, GuardFailed):
        return Raised("refuse", error.detail, error.status, error.code, errors=error.errors)
    return Raised("failed", describe(error))


def _read(length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        part = os.read(0, min(length - len(found), 1 << 20))
        if not part:
            os._exit(1)  # the service ended before it said what to do
        found += part
    return bytes(found)


def _write(channel: int, kind: bytes, body: bytes) -> None:
    data = memoryview(HEAD.pack(kind, len(body)) + body)
    while data:
        data = data[os.write(channel, data) :]


if __name__ == "__main__":
    main()
