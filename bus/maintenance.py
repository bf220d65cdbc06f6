"""Upkeep in small steps: retention, the sidecar mark, tokens' last use. Pauses retention after a clock jump."""

from typing import TYPE_CHECKING

import structlog
from needlework.bus.clock import SECOND, TimerHandle
from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.sqlite.shifting import FIRST_LANE, Shift

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

log = structlog.get_logger("needlework.maintenance")
EVERY = 1.0
"""Seconds between steps."""
BATCH = 100
"""Messages removed in one transaction at most: 500 held the writer for 0.1 s in a file of half a gigabyte."""
SHARE = 0.25
"""Seconds of each step in which further batches are begun."""
STEP = 2 * SECOND
"""A change of wall against monotonic time that counts as a set clock; smaller ones are drift and slewing."""
SHIFTED = 500
"""Rows looked at in one transaction after a step."""
JUMP = 3600 * SECOND
"""A difference between wall and monotonic time that counts as a jump of the clock."""
CONFIRM = 24 * 3600.0
"""Seconds of steady clock after a jump until retention goes on by itself."""
REST = 60.0
"""Seconds between two walks over what may be old."""


class Maintenance:
    """The upkeep of one bus."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._timer: TimerHandle | None = None
        self._stopped = False
        self._offset = self._measure()
        """Wall against monotonic time, as far as everything that waits knows of it."""
        self._shift: Shift | None = None
        """A step of the clock that was noticed and is not carried out yet."""
        self._latest = 0
        self._started = False
        self.paused_until = 0.0
        """Monotonic second until which retention pauses after a jump of the clock."""
        self._rest_until = 0.0

    def start(self) -> None:
        """Begin."""
        if self._bus.duties.checkpoints:  # one of several processes is enough
            self._bus.dispatcher.background(self._look_through(), "look through")
        self._arm()

    def stop(self) -> None:
        """No more upkeep."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def due_by(self) -> int:
        """Until when things are due, microseconds UTC: the wall clock; where it was set, once all knows of it."""
        known = self._offset + round(self._bus.clock.monotonic() * SECOND)
        now = self._bus.clock.now()
        return known if now - known > STEP else now

    def _measure(self) -> int:
        clock = self._bus.clock
        return clock.now() - round(clock.monotonic() * SECOND)

    def _arm(self) -> None:
        if not self._stopped:
            self._timer = self._bus.clock.call_later(EVERY, self._on_timer)

    def _on_timer(self) -> None:
        if not self._stopped:
            self._bus.dispatcher.background(self._step(), "maintenance")

    async def _step(self) -> None:
        try:
            if not self._started:
                await self._compare_with_last()
                self._started = True
            await self._watch_clock()
            await self._bus.store.write_mark()
            monotonic = self._bus.clock.monotonic()
            if self._bus.duties.on_duty and monotonic >= self.paused_until and monotonic >= self._rest_until:
                await self.prune()
        except Exception as error:  # upkeep that fails is tried again; it must not end the service
            log.warning("maintenance failed", error=repr(error))
        self._arm()

    async def _look_through(self) -> None:
        try:
            await self._bus.store.look_through()
        except StorageDamaged as error:
            self._bus.store.writer.damaged(error)
        except (StorageError, OSError) as error:  # it is read again by whoever needs it
            log.warning("the database could not be looked through", error=str(error))

    async def prune(self) -> int:
        """A step of retention; how many messages went. What is published meanwhile comes between its batches."""
        await self._bus.sessions.prune()
        await self._bus.tokens.prune()  # after what ends with them
        await self._bus.scheduler.prune()
        removed, ended, monotonic = 0, False, self._bus.clock.monotonic
        end = monotonic() + SHARE
        while not ended and monotonic() < end:
            gone, ended = await self._bus.store.prune(self._bus.clock.now(), BATCH)
            removed += gone
        if ended:
            self._rest_until = monotonic() + REST
        return removed

    async def _watch_clock(self) -> None:
        """A step of the wall clock moves what waits for a duration; a jump pauses retention besides."""
        if self._shift is None:
            offset = self._measure()
            step = offset - self._offset
            if abs(step) <= STEP:
                self._offset, self._latest = offset, self._bus.hub.latest
                return
            self._shift = Shift(step, self._bus.clock.now(), self._latest)
            if abs(step) > JUMP:
                self.paused_until = self._bus.clock.monotonic() + CONFIRM
                hint = "is the clock right? starting again says so"
                log.warning("retention pauses after the jump of the clock", hours=CONFIRM / 3600, hint=hint)
        while self._shift.stage != "done":
            self._shift = await self._bus.store.shift(self._shift, SHIFTED)
        log.warning("the clock was set", seconds=self._shift.step / SECOND, moved=self._shift.moved)
        self._offset += self._shift.step
        self._shift = None
        self._bus.dispatcher.look()

    async def _compare_with_last(self) -> None:
        """The clock was set back while no service ran: what the newest message says of the time before."""
        newest, now = await self._bus.inspection.newest_created(), self._bus.clock.now()
        if newest > now + STEP:
            self._shift = Shift(now - newest, now, 0, "waiting", FIRST_LANE)
            self._offset -= self._shift.step  # it is known as the time before
