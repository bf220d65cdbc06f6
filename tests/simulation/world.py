"""A world to simulate: a bus whose handlers stumble, callers that give up, a process that dies; and what must hold."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Conflict, NeedleworkError, Refuse, Retry
from needlework.bus.letters import Redrive
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing.crashes import Dead, drop
from needlework.bus.testing.loop import LoopClock, SimulationLoop
from needlework.bus.workspaces import Workspace

HERE = Workspace(1, "default")
TABLES = """
CREATE TABLE effects (
    number INTEGER NOT NULL, runner TEXT NOT NULL, step INTEGER NOT NULL, place INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;
"""


class Work(Message[Any], topic="sim.work"):
    """Number `number`, which behaves as `plan` says, attempt by attempt."""

    number: int
    plan: str
    after: int = 0


class Step(Message[Any], topic="sim.step", key=("key",)):
    """The same, one at a time for a key."""

    number: int
    key: int
    plan: str
    after: int = 0


class Scarce(Message[Any], topic="sim.scarce", key=("key",)):
    """The same, under a shared limit."""

    number: int
    key: int
    plan: str
    after: int = 0


class World:
    """What happened, seen from outside the bus: it survives the crashes."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.random = random.Random(seed)
        self.directory = directory
        self.clock = LoopClock()
        self.numbers = 0
        self.generation = 0
        self.leaving = False
        """Whether the process is asked to stop: producers publish no more."""
        self.acknowledged: set[int] = set()
        """Numbers whose publish returned."""
        self.attempted: set[int] = set()
        """Numbers that were to be published; whether they were is unknown until one looks."""
        self.cancelled: set[int] = set()
        self.due: dict[int, int] = {}
        self.running: dict[tuple[str, int], int] = {}
        """(runner, key) -> number that runs now."""
        self.starts: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
        """(runner, key) -> (seq, number, how often it was redriven) in order of their starts."""
        self.attempts: dict[tuple[str, int], int] = {}
        self.dead: list[Dead] = []
        self.failures: list[str] = []
        self.registry = Registry.of(*self._handlers(), policies=POLICIES)
        migrations = directory / "migrations"
        migrations.mkdir()
        (migrations / "0001_tables.sql").write_text(TABLES)
        self.groups = [("sim", migrations)]

    def new_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def draw(self, *, depth: int = 0) -> Message[Any]:
        """A message whose attempts end as its plan's letters say; the last letter holds for ever."""
        letters = [*self.random.choices("ofrdwps", k=self.random.randrange(3)), self.random.choice("ooopsx")]
        if depth >= 2:
            letters = [letter.replace("p", "o") for letter in letters]
        if self.random.random() < 0.08:
            letters = [*self.random.choices("fg", k=RETRY["attempts"]), "s"]  # dies, and is redriven
        plan, number = "".join(letters), self.new_number()
        kind = self.random.choice([Work, Step, Step, Scarce])
        return kind(number, plan) if kind is Work else kind(number, self.random.randrange(3), plan)

    def _handlers(self) -> list[Any]:
        @subscribe(Work, runner="one")
        @subscribe(Step, runner="one")
        @subscribe(Scarce, runner="one")
        async def one(message: Any, ctx: Context) -> Any:
            return await self.handle(message, ctx)

        @subscribe(Step, runner="two")
        async def two(message: Any, ctx: Context) -> Any:
            return await self.handle(message, ctx)

        return [one, two]

    async def handle(self, message: Any, ctx: Context) -> Any:
        """One attempt, with the checks that hold at every start."""
        generation = self.generation
        place = (ctx.runner, message.number)
        assert ctx.now >= self.due.get(message.number, 0), f"early: {message}"
        assert ctx.attempt > self.attempts.get(place, 0), f"handed over twice as one attempt: {message}"
        self.attempts[place] = ctx.attempt
        lane = (ctx.runner, message.key) if isinstance(message, Step) else None
        if lane is not None:
            assert self.running.get(lane) in (None, message.number), f"two at once: {message}, {self.running[lane]}"
            self.running[lane] = message.number
            life = await self._redrives(ctx)
            self.starts.setdefault(lane, []).append((ctx._delivery.seq, message.number, life))
        try:
            return await self._attempt(message, ctx)
        finally:
            if lane is not None and generation == self.generation:
                self.running.pop(lane, None)

    async def _redrives(self, ctx: Context) -> int:
        """How often a person let this delivery go again; only what failed often enough can have died."""
        if ctx.attempt <= RETRY["attempts"]:
            return 0
        redriven = "SELECT count(*) FROM events WHERE message = ? AND CAST(data AS TEXT) LIKE '%redriven%'"
        return int(await ctx.db.value(Statement(redriven, (ctx._delivery.seq,))))

    async def operate(self, bus: Bus) -> None:
        """Redrive or purge some of the dead letters that there are."""
        rows = await bus.store.read(Statement("SELECT message, runner FROM dead ORDER BY message, runner"))
        some = [row for row in rows if self.random.random() < 0.3]
        if some and self.random.random() < 0.1:
            await bus.store.purge([(row["message"], row["runner"]) for row in some])
        elif some:
            lanes = bus.store.runners_by_number
            await bus.store.redrive([Redrive(row["message"], lanes[row["runner"]], "sim") for row in some])

    async def _attempt(self, message: Any, ctx: Context) -> Any:
        letter = message.plan[min(ctx.attempt - 1, len(message.plan) - 1)]
        await self._rest()
        if letter in "psg":
            for step in range(ctx.cursor or 0, 2):
                ctx.write(self.effect(message, ctx, step))
                await ctx.commit(cursor=step + 1)
                await self._rest()
        if letter == "p":
            child = self.draw(depth=2)
            self.attempted.add(child.number)
            due = ctx.now + SECOND * self.random.randrange(3) if self.random.random() < 0.5 else None
            self.due[child.number] = due or 0
            ctx.publish(child, deliver_after=due)
        ctx.write(self.effect(message, ctx, 9))
        if letter in "fg":
            raise ConnectionError("stumbled")
        if letter == "r":
            raise Retry("not yet", after=self.random.choice([0, 0.5, 3]))
        if letter == "x":
            raise Refuse(422, "no", "never")
        if letter == "d":
            await asyncio.sleep(self.random.random() * 2)
        if letter == "w":
            await ctx.progress(note="working")
        return {"number": message.number}

    async def _rest(self) -> None:
        if self.random.random() < 0.5:
            await asyncio.sleep(self.random.choice([0, 0, 0.01, 0.2]))

    def effect(self, message: Any, ctx: Context, step: int) -> Statement:
        """A row that must be there exactly once for each step that committed."""
        return Statement(
            "INSERT INTO effects (number, runner, step) VALUES (?, ?, ?)", (message.number, ctx.runner, step)
        )

    async def produce(self, bus: Bus, count: int) -> None:
        """Publish, sometimes delayed, sometimes giving up in the middle, sometimes cancelling."""
        for _ in range(count):
            if self.leaving:
                return
            message = self.draw()
            number: int = message.number  # type: ignore[attr-defined]
            due = bus.clock.now() + self.random.randrange(4 * SECOND) if self.random.random() < 0.3 else None
            self.due[number] = due or 0
            self.attempted.add(number)
            publication = Publication(message=message, workspace=HERE, due=due, priority=self.random.choice([None, 1]))
            publishing = asyncio.ensure_future(bus.publish(publication))
            if self.random.random() < 0.15:
                await self._rest()
                publishing.cancel()
            try:
                receipt = await publishing
            except asyncio.CancelledError:
                continue
            self.acknowledged.add(number)
            if self.random.random() < 0.1:
                await self._rest()
                with contextlib.suppress(Conflict):
                    await bus.cancel(HERE, receipt.id, "sim")
                    self.cancelled.add(number)
            if self.random.random() < 0.3:
                await self.operate(bus)
            await self._rest()

    async def live(self, bus: Bus, seconds: float | None = None) -> None:
        """Producers at work until they are done, then quiet; or only for so long, in the middle of everything."""
        bus.watchdog.start = lambda: None  # type: ignore[method-assign] - real time has no place here
        bus.failed = lambda name, error: self.failures.append(f"{name}: {error!r}")
        await bus.start()
        self.leaving = False
        producing = asyncio.gather(*(self.produce(bus, self.random.randrange(2, 6)) for _ in range(3)))
        if seconds is not None:
            await asyncio.wait([producing], timeout=seconds)
            self.leaving = True
        await producing
        if seconds is None:
            await self.quiet(bus)

    async def quiet(self, bus: Bus) -> None:
        """Until nothing is owed to anybody."""
        for _ in range(2_000):
            await asyncio.sleep(0.25)
            await self.operate(bus)
            counts = [f"(SELECT count(*) FROM {table})" for table in ("deliveries", "parked", "dead")]
            rows = await bus.store.read(Statement(f"SELECT {' + '.join(counts)}"))
            if rows[0][0] == 0:
                return
        rows = await bus.store.read(Statement("SELECT * FROM deliveries"))
        parked = await bus.store.read(Statement("SELECT * FROM parked"))
        raise AssertionError(f"never quiet: {[tuple(r) for r in rows]} {[tuple(r) for r in parked]}")

    async def open(self) -> Bus:
        source = random.Random(self.random.getrandbits(64))
        return await Bus.open(
            self.directory / "data", self.registry, clock=self.clock, source=source, groups=self.groups,
            durability="process", inline=True,
        )  # fmt: skip

    def crash(self, loop: SimulationLoop, bus: Bus | None) -> None:
        """The process dies; what the world knows of its handlers goes with it."""
        self.generation += 1
        self.running.clear()
        self.dead.append(drop(loop, bus))


RETRY: dict[str, Any] = {"attempts": 5, "first": "500ms", "jitter": 0.2}
_TOPIC = {"summary": "Simulated", "permission": "permissionWorkspacesWrite", "retry": RETRY}
POLICIES: dict[str, Any] = {
    "runners": {
        "one": {"description": "Takes all", "concurrency": 3},
        "two": {"description": "Takes steps too", "concurrency": 2},
    },
    "topics": {
        "sim.work": _TOPIC,
        "sim.step": {**_TOPIC, "order": "key", "replies": "one"},
        "sim.scarce": {**_TOPIC, "limits": ["narrow", "slow"]},
    },
    "limits": {"narrow": {"concurrency": 1}, "slow": {"rate": "5/s"}},
}


__all__ = ["NeedleworkError", "SimulationLoop", "World"]
