"""Handlers under many seeded crashes: the process's state is dropped at random moves of the store, and what must hold
is looked at after each recovery. Nothing waits for real; a seed replays its run exactly.

    survive_crashes(registry, tmp_path, work, invariant, seeds=range(1_000))
"""

import asyncio
import contextlib
import random
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.bus import Bus
from needlework.bus.errors import ConfigError
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.sqlite import opening
from needlework.bus.testing.loop import LoopClock, SimulationLoop

Work = Callable[[Bus, random.Random], Awaitable[None]]
"""What is done from outside, mostly publishing. A crash breaks it off and it is called again after the recovery, as a
client repeats what it was not answered: give the messages idempotency keys."""
Invariant = Callable[[Bus, bool], Awaitable[None]]
"""Asserts what must hold after a recovery, before anything runs again, and (True) when nothing is left to do."""
Dead = tuple[list["asyncio.Task[Any]"], Bus | None]
PATIENCE = 100_000.0
"""Virtual seconds until what is not done counts as stuck."""


class Survival(msgspec.Struct):
    """What the runs came to, so that a test can see that there was something to survive."""

    runs: int = 0
    crashes: int = 0
    moves: int = 0
    """Transactions of the store in a run without a crash: the places where it can crash."""


def survive_crashes(
    registry: Registry,
    directory: Path,
    work: Work,
    invariant: Invariant,
    *,
    seeds: Iterable[int] = range(100),
    crashes: int = 3,
    groups: Sequence[tuple[str, Path]] = (),
) -> Survival:
    """Run `work` and the handlers of `registry` once for each seed, with up to `crashes` crashes each.

    A failure carries its seed; `seeds=[SEED]` replays it. Handlers must wait for nothing outside: connections are
    replaced by fakes. Raises ConfigError for `process = true`, what `invariant` raises, and Stuck or TimeoutError where
    the work never ends.
    """
    for name, topic in registry.topics.items():
        if topic.policy.process and topic.subscriptions:
            raise ConfigError([f"{name}: a handler with process = true can't be simulated; test it by itself"])
    survival = Survival()
    for seed in (None, *seeds):  # first without a crash: it shows how many moves there are, the same for every seed
        folder = directory / ("whole" if seed is None else f"seed{seed}")
        folder.mkdir()
        try:
            with small_log():
                run = _Run(seed or 0, registry, folder, work, invariant, groups, survival)
                run.play(0 if seed is None else crashes)
        except BaseException as error:
            error.add_note(
                "this was without a crash"
                if seed is None
                else f"this was seed {seed}: replay it alone with seeds=[{seed}]"
            )
            raise
        survival.runs += seed is not None
        shutil.rmtree(folder)
    return survival


class _Run:
    """One seed."""

    def __init__(
        self,
        seed: int,
        registry: Registry,
        folder: Path,
        work: Work,
        invariant: Invariant,
        groups: Sequence[tuple[str, Path]],
        survival: Survival,
    ) -> None:
        self.random, self.folder, self.groups, self.registry = random.Random(seed), folder, groups, registry
        self.work, self.invariant, self.survival = work, invariant, survival
        self.clock = LoopClock()
        self.worked = False
        self.failures: list[str] = []

    def play(self, crashes: int) -> None:
        """Lives that end by a crash, then one that ends well."""
        dead: list[Dead] = []
        try:
            for number in range(self.random.randint(min(1, crashes), crashes)):
                moves = self.random.randint(1, self.survival.moves)
                if not self._live(dead, first=number == 0, moves=moves):
                    return
                self.survival.crashes += 1
            self._live(dead, first=not dead, moves=None)
        finally:
            bury(dead)

    def _live(self, dead: list[Dead], *, first: bool, moves: int | None) -> bool:
        """One process; whether it died."""
        loop = SimulationLoop(self.random.getrandbits(32))
        self.clock.attach(loop)
        opened: list[Bus] = []
        rest = self.random.randrange(12)  # callbacks after the last move: committed, and nobody heard of it yet

        def stop() -> bool:
            nonlocal rest
            if moves is None or not opened or opened[0].store.writer.commits < moves:
                return False
            rest -= 1
            return rest < 0

        try:
            loop.run(self._life(opened, first=first), stop=stop)
        except BaseException:
            dead.append(drop(loop, opened[0] if opened else None))
            raise
        if not self.survival.moves:
            self.survival.moves = opened[0].store.writer.commits
        assert loop.errors == [], loop.errors
        assert not self.failures, self.failures
        if all(task.done() for task in asyncio.all_tasks(loop)):
            return False
        dead.append(drop(loop, opened[0] if opened else None))
        return True

    async def _life(self, opened: list[Bus], *, first: bool) -> None:
        bus = await Bus.open(
            self.folder, self.registry, clock=self.clock, source=random.Random(self.random.getrandbits(64)),
            groups=self.groups, durability="process", inline=True,
        )  # fmt: skip
        opened.append(bus)
        bus.failed = lambda name, error: self.failures.append(f"{name}: {error!r}")
        vars(bus.watchdog)["start"] = lambda: None  # it measures real time
        if not first:
            await self.invariant(bus, False)
        await bus.start()
        if not self.worked:
            await self.work(bus, self.random)
            self.worked = True
        await quiet(bus)
        await self.invariant(bus, True)
        await bus.stop(grace=5)


async def quiet(bus: Bus) -> None:
    """Until nothing is owed to anybody, however much virtual time that takes. Raises TimeoutError."""
    end = bus.clock.monotonic() + PATIENCE
    step = 0.25
    while (await bus.store.read(Statement("SELECT 1 FROM deliveries UNION ALL SELECT 1 FROM parked LIMIT 1"))) or any(
        queue.held for queue in bus.dispatcher.queues.values()
    ):
        if bus.clock.monotonic() > end:
            raise TimeoutError(f"deliveries wait after {PATIENCE:.0f} s; is something paused or never due?")
        await asyncio.sleep(step)
        step = min(step * 1.2, 60.0)


def drop(loop: SimulationLoop, bus: Bus | None) -> Dead:
    """The process dies: nothing is closed, its lock falls, its tasks never run again. `bury` comes at the end."""
    loop.dead = True
    if bus is not None:
        bus.unlock()
    return list(asyncio.all_tasks(loop)), bus


def bury(dead: list[Dead]) -> None:
    """Let the dead tasks go without letting them do anything more."""
    for tasks, bus in dead:
        if bus is not None:
            bus.dispatcher.stopping = True
            for queue in bus.dispatcher.queues.values():
                queue._refilling = True
        for task in tasks:
            with contextlib.suppress(BaseException):
                task.get_coro().close()
            task._log_destroy_pending = False  # type: ignore[attr-defined]
    dead.clear()


@contextlib.contextmanager
def small_log() -> Iterator[None]:
    """These files are tiny; reserving megabytes for each would be most of the work."""
    before, opening.WAL_PRESIZE = opening.WAL_PRESIZE, 4096
    try:
        yield
    finally:
        opening.WAL_PRESIZE = before
