"""The watchdog: a thread that names the handler which blocks the event loop, and blames nobody where none does."""

import asyncio
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

log = structlog.get_logger("needlework.watchdog")
BEAT = 0.2
"""Seconds between two beats of the loop."""
LATE = 0.6
"""Seconds without a beat after which the loop counts as blocked."""


class Watchdog:
    """Beats in the event loop; a daemon thread notices where the beat stays away."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._beat = time.monotonic()
        self._handle: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._loop_thread = 0
        self.blocked: str | None = None
        """The handler that blocks or blocked the loop last."""
        self.times = 0

    def start(self) -> None:
        """Begin to beat and to watch."""
        self._loop_thread = threading.get_ident()
        self._on_beat()
        threading.Thread(target=self._watch, name="needlework watchdog", daemon=True).start()

    def stop(self) -> None:
        """End both."""
        self._stop.set()
        if self._handle is not None:
            self._handle.cancel()

    def _on_beat(self) -> None:
        self._beat = time.monotonic()
        self.blocked = None
        self._handle = asyncio.get_running_loop().call_later(BEAT, self._on_beat)

    def _watch(self) -> None:
        named = 0.0
        while not self._stop.wait(BEAT):
            beat = self._beat
            if time.monotonic() - beat > LATE and named != beat:
                named = beat
                handler, where = self.look(sys._current_frames().get(self._loop_thread))
                if self._beat == beat:  # else it went on meanwhile, and what runs now is not to blame
                    self._tell(handler, where)

    def _tell(self, handler: str | None, where: str) -> None:
        if handler is None:
            hint = "no handler runs: the machine is busy, the process was stopped, or needlework itself is slow there"
            log.warning("the event loop is late", at=where, hint=hint)
            return
        self.blocked = handler
        self.times += 1
        log.error("the event loop is blocked", handler=handler, at=where, hint="await, or make it a plain `def`")

    def look(self, frame: FrameType | None) -> tuple[str | None, str]:
        """The handler that a thread whose innermost frame is `frame` runs, if any, and the line at which it is.

        The line is the innermost of the handler's own file; without a handler, the innermost of all.
        """
        known = {
            getattr(subscription.function, "__code__", None): f"{subscription.topic} ({subscription.runner})"
            for topic in self._bus.registry.topics.values()
            for subscription in topic.subscriptions
        }
        lines: dict[str, str] = {}
        innermost = "unknown"
        while frame is not None:
            file = frame.f_code.co_filename
            line = lines.setdefault(file, f"{file.rsplit('/', 1)[-1]}:{frame.f_lineno}")
            if frame.f_code in known:
                return known[frame.f_code], line
            innermost = line if innermost == "unknown" else innermost
            frame = frame.f_back
        return None, innermost
