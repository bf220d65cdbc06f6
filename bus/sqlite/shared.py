"""One file for several processes: claiming runners and giving them back, noticing others, who checkpoints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from needlework.bus.records import Delivery
from needlework.bus.sqlite import owning
from needlework.bus.sqlite.connections import CHECKPOINT_HERE, CHECKPOINT_PAGES, frames_to_checkpoint
from needlework.bus.sqlite.foreign import Notice, Seen, see

if TYPE_CHECKING:
    from needlework.bus.sqlite.store import SqliteStore

LEFT_UNDONE = 2
"""Times its bound that the log grows to until a process checkpoints that was not elected."""


class SharedFile:
    """What a store needs where other processes may be attached to its file."""

    def __init__(self, store: "SqliteStore") -> None:
        self._store, self._writer = store, store.writer
        self.notice = Notice(store.path)

    def share(self, others: bool) -> None:
        """Whether other processes are attached now: writers take turns with them."""
        self._writer.turnstile.shared = others

    async def see(self) -> Seen:
        """What concerns other processes, in one snapshot."""
        return await self._store.readers.run(see)

    async def claim(self, groups: Sequence[Sequence[str]], most: int) -> tuple[list[str], int]:
        """Become the owner of up to `most` groups of runners that nobody alive owns: (runners, rescued)."""
        store = self._store
        lanes = [[store.runners[name] for name in group] for group in groups]
        known = (store.epoch, store.topics_by_number, store.is_alive, store.fences)
        claimed: tuple[list[str], int] = await self._writer.run(lambda t: owning.claim(t, lanes, most, *known))
        return claimed

    async def give_back(self, runners: Sequence[str]) -> None:
        """Own these runners no longer; nothing of them is in flight."""
        lanes = [self._store.runners[name] for name in runners]
        await self._writer.run(lambda t: owning.give_back(t, lanes))

    async def put_back(self, deliveries: Sequence[Delivery]) -> None:
        """Deliveries that were taken and not started wait in the table again."""
        freed = [(delivery.runner, delivery.seq) for delivery in deliveries]
        await self._writer.run(lambda t: t.commit.freed.extend(freed))

    async def checkpoint_itself(self) -> None:
        """From now on this process checkpoints: when it commits, and when `watch_log` says so."""
        await self._writer.run(lambda t: t.connection.execute(CHECKPOINT_HERE).fetchall())

    def watch_log(self, *, elected: bool) -> None:
        """Have the write-ahead log checkpointed where others made it grow.

        By one that is not elected where the elected one leaves it undone: that process is stopped, and keeps its lock.
        """
        if frames_to_checkpoint(self._store.path) > CHECKPOINT_PAGES * (1 if elected else LEFT_UNDONE):
            self._writer.ask_for_checkpoint()
