"""Handlers for processes of their own. They are imported there by name, so they stand in a module."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from needlework.bus.errors import Discard, FieldError, NotFound, Refuse, Retry
from needlework.bus.messages import Message, Reply
from needlework.bus.subscriptions import subscribe

ENDS: dict[str, BaseException] = {
    "refuse": Refuse(422, "few", "too few rows", errors=[FieldError("rows", "3 of 50")], least=50),
    "unknown": NotFound("no such model"),
    "retry": Retry("later", after=60),
    "discard": Discard("nothing new"),
    "odd": Refuse(422, "odd", "carries what is not JSON", what=object()),
    "exit": SystemExit(0),
}
RESULTS: dict[str, Any] = {
    "nothing": None,
    "reply": Reply({"rows": 2}, {"X-Rows": "2"}),
    "large": "x" * 300_000,
    "unsaid": object(),
}


class Train(Message[Any], topic="lab.train", key=("model",)):
    """Behave as `how` says."""

    model: str = "m"
    how: str = ""


@subscribe(Train, runner="lab")
def train(message: Train, report: Callable[..., None]) -> Any:
    """Compute for long, and tell how far it is."""
    others = []
    if message.how in ("family", "runaway", "abandon"):
        others = [_leave_behind(message.how)]
    if message.how == "tree":
        others = [_leave_behind("family"), _leave_a_daemon()]
    report(0, 2, " ".join(map(str, [*others, os.getpid()])))  # in one: of several reports at once the last may do
    if message.how == "tree":
        sum(range(10**14))  # one call in C: for hours no other thread of this interpreter runs
    if message.how in ENDS:
        raise ENDS[message.how]
    if message.how in RESULTS:
        return RESULTS[message.how]
    if message.how == "environment":
        return sorted(os.environ)
    if message.how == "fail":
        raise ValueError(f"{message.model} does not converge")
    if message.how in ("die", "abandon"):
        os._exit(3)
    if message.how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if message.how in ("hang", "family"):
        threading.Event().wait()
    print("for the log, not for the service")
    report(2, of=2)
    return {"model": message.model, "pid": os.getpid()}


def _leave_behind(how: str) -> int:
    """Fork a process that holds our pipes open: in our group, or in a session of its own. Its id."""
    settled, settle = os.pipe()
    child = os.fork()
    if not child:
        if how != "family":
            os.setsid()
        os.write(settle, b".")
        signal.pause()
    os.read(settled, 1)
    return child


def _leave_a_daemon() -> int:
    """Fork twice, as daemons do: nobody is its parent, no group or session of ours has it. Its id."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(tell, str(os.getpid()).encode())
        signal.pause()
    os.waitpid(child, 0)
    return int(os.read(told, 20))
