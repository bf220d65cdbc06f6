"""The moves that people make: *cancel*, *redrive*, *purge* and *hasten*; plain changes of tables, by any process."""

from collections.abc import Callable, Sequence

import msgspec
from needlework.bus.letters import Redrive
from needlework.bus.records import RunnerLane, TopicLane
from needlework.bus.sql import Statement
from needlework.bus.sqlite import cancelling, redriving
from needlework.bus.sqlite.writer import Writer


class PeopleMoves:
    """A part of `SqliteStore`. Each move is one transaction; the runner's own process need not be this one."""

    writer: Writer
    topics_by_number: dict[int, TopicLane]
    is_alive: Callable[[str], bool]

    async def cancel(self, seq: int, by: str, line: Callable[[str], Statement] | None = None) -> tuple[int, list[int]]:
        """Cancel what waits of a message: (ended, numbers of the runners that have it in flight)."""
        data = msgspec.json.encode({"code": "cancelled", "by": by})
        result: tuple[int, list[int]] = await self.writer.run(
            lambda t: cancelling.cancel(t, seq, self.topics_by_number, data, line, self.is_alive)
        )
        return result

    async def redrive(self, letters: Sequence[Redrive]) -> list[int | None]:
        """Let dead letters go again: for each the message that carries it now, None where it is dead no more."""
        found: list[int | None] = await self.writer.run(lambda t: redriving.redrive(t, self.topics_by_number, letters))
        return found

    async def purge(self, letters: Sequence[tuple[int, int]]) -> int:
        """Remove dead letters (message, runner's number); how many there were."""
        return int(await self.writer.run(lambda t: redriving.purge(t, letters)))

    async def hasten(self, places: Sequence[tuple[int, RunnerLane]]) -> int:
        """Let waiting retries (message, runner) run now; how many waited."""
        return int(await self.writer.run(lambda t: redriving.hasten(t, places)))
