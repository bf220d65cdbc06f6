"""What one process does for all: checkpoints, schedules, retention. Elected by kernel locks, so never two at once."""

from typing import TYPE_CHECKING

from needlework.bus.owners import ProcessLock

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class Duties:
    """The duties of one process. `checkpoints` from the start where nobody else does; the rest once it `start`s."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self.checkpoint_lock = ProcessLock(bus.directory / "checkpoint.lock")
        self.duty_lock = ProcessLock(bus.directory / "duties.lock")
        self.checkpoints = self.checkpoint_lock.acquire()
        self.on_duty = False
        self._wanted = False

    async def start(self) -> None:
        """Take part in the election of who fires schedules and removes what is old."""
        self._wanted = True
        if self.duty_lock.acquire():
            await self._take_up()

    def beat(self) -> None:
        """Several times a second: is a lock free whose process is gone, and is the log too long?"""
        if not self.checkpoints and self.checkpoint_lock.acquire():
            self.checkpoints = True
            checkpoint_itself = self._bus.store.shared.checkpoint_itself
            self._bus.dispatcher.background(self._bus.dispatcher.persist(checkpoint_itself), "checkpoints")
        if self._wanted and not self.on_duty and self.duty_lock.acquire():
            self._bus.dispatcher.background(self._take_up(), "duties")
        self._bus.store.shared.watch_log(elected=self.checkpoints)

    async def _take_up(self) -> None:
        self.on_duty = True
        await self._bus.scheduler.start()

    def stop(self) -> None:
        """No more schedules from here; the locks fall with `release`."""
        self._wanted = False

    def release(self) -> None:
        """Others may be elected."""
        self.checkpoint_lock.release()
        self.duty_lock.release()
