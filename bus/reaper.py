"""Between the service and a handler's own process: ends all that the handler has started when the service is gone.

Who is killed can't kill what it has started, and the kernel tells only the process that the service itself started.
So that one forks: the handler runs in the fork, and the first one waits here, running nothing of the handler's that
could keep it from hearing. On Linux whatever loses its parent below becomes its child, so that nobody gets away, who
has left the group as a daemon does included. Until all are dead it holds the lock by which others see the service
alive: no other process begins the next attempt before.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
"""prctl: the signal that we get when the thread that started us ends."""
_PR_SET_CHILD_SUBREAPER = 36
"""prctl: who below us loses its parent becomes our child."""
_GONE = 1
"""Our exit code where the service has ended or wants no answer any more."""


def end_with_starter(number: int = signal.SIGTERM) -> Callable[[], None]:
    """What a process that we are about to start runs first, so that it gets a signal when we end, killed or not.

    Nobody would start it again, and it would keep our address. On other systems than Linux it lives on.
    """
    starter = os.getpid()

    def tell() -> None:
        _tell_kernel(_PR_SET_PDEATHSIG, number)
        if os.getppid() != starter:  # it ended before it could be said
            os._exit(_GONE)

    return tell


def stand_between(service: int, lock: int | None) -> None:
    """Return in a new process, the handler's. The calling one stays behind: it ends as that one ends, or kills all.

    `service` is the process that started us; it has gone, or has given up, when our standard input ends. `lock` is the
    descriptor of its lock.
    """
    _tell_kernel(_PR_SET_CHILD_SUBREAPER, 1)
    watched = [0, *_watch(service)]
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    reaper = os.getpid()
    handler = os.fork()
    if handler:
        _stand(handler, watched, awake)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in (*watched[1:], awake, wake, *([] if lock is None else [lock])):
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _tell_kernel(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != reaper:  # it died before it could be said
        os._exit(_GONE)


def _watch(service: int) -> list[int]:
    """What becomes readable at the death of the service, also where a fork of it holds our input open."""
    found = []
    with contextlib.suppress(OSError, AttributeError):  # an old kernel, another system: our input tells it alone
        found.append(os.pidfd_open(service))
    if os.getppid() != service:  # it died before we looked, and the number may be another's by now
        os._exit(_GONE)
    return found


def _stand(handler: int, watched: list[int], awake: int) -> NoReturn:
    """Wait for the end of the handler, or of the service."""
    while True:
        ready, _, _ = select.select([*watched, awake], [], [])
        if ready != [awake]:
            _end_all()
            os._exit(_GONE)
        os.read(awake, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == handler:
                    _end_as(os.waitstatus_to_exitcode(ended[1]))


def _end_as(code: int) -> NoReturn:
    """End as the handler has ended: the service hears of it by our exit."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it has left its own
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _end_all() -> None:
    """Kill everything below, again and again: who is killed while it forks leaves us a child."""
    if sys.platform != "linux":
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)  # ourselves with it
        return
    while sum(_kill(pid) for pid in _children()):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _kill(pid: int) -> bool:
    """False where we may not (it runs as somebody else) or need not."""
    try:
        os.kill(pid, signal.SIGKILL)
    except (PermissionError, ProcessLookupError):
        return False
    return True


def _children() -> Iterator[int]:
    here = str(os.getpid())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if (entry / "stat").read_text().rpartition(")")[2].split()[1] == here:
                    yield int(entry.name)


def _tell_kernel(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
