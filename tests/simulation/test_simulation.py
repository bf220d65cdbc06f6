"""A simulated bus and its runners, thousands of orders of events, each from a seed: `pytest --seed N` replays one."""

import asyncio
import sqlite3
from pathlib import Path

from needlework.bus.bus import Bus
from needlework.bus.testing.crashes import bury, small_log
from needlework.bus.testing.loop import SimulationLoop
from needlework.tests.simulation.world import World

SEEDS, LONG_SEEDS = 200, 100_000
TERMINAL = "('result', 'refused', 'dead', 'cancelled')"


def simulate(number: int, directory: Path) -> None:
    """One world: two processes that die or are stopped, then one that ends well; then the books are checked."""
    world = World(number, directory)
    try:
        for _ in range(world.random.randrange(3)):
            if world.random.random() < 0.3:
                process(world, number, dies_after=None, leaves_after=world.random.random() * 2)
            else:
                process(world, number, dies_after=world.random.randrange(50, 1500))
        process(world, number, dies_after=None)
        check(world, directory / "data" / "needlework.db")
    finally:
        bury(world.dead)


def process(world: World, number: int, dies_after: int | None, leaves_after: float | None = None) -> None:
    """The life of one process; `dies_after` callbacks it is gone, `leaves_after` seconds it stops in the middle."""
    loop = SimulationLoop(number * 31 + world.generation)
    world.clock.attach(loop)
    opened: list[Bus] = []
    steps = iter(range(dies_after or 0))

    async def life() -> None:
        bus = await world.open()
        opened.append(bus)
        await world.live(bus, leaves_after)
        await bus.stop(grace=5 if leaves_after is None else world.random.choice([0, 0.1, 5]))

    stop = (lambda: bool(opened) and next(steps, None) is None) if dies_after is not None else lambda: False
    loop.run(life(), stop=stop)
    assert loop.errors == [], loop.errors
    assert not world.failures, world.failures
    if any(not task.done() for task in asyncio.all_tasks(loop)):
        assert dies_after is not None, asyncio.all_tasks(loop)
        world.crash(loop, opened[0] if opened else None)
    else:
        world.generation += 1


def check(world: World, path: Path) -> None:
    """Nothing acknowledged is lost, each delivery has one ending, effects are there exactly once, order is kept."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(
            "SELECT json_extract(CAST(m.body AS TEXT), '$.number'), m.seq, m.owed,"
            f" (SELECT count(*) FROM events e WHERE e.message = m.seq AND e.kind IN {TERMINAL}"
            "  AND NOT (e.kind = 'dead' AND EXISTS (SELECT 1 FROM events l WHERE l.message = e.message"
            "   AND l.runner = e.runner AND l.seq > e.seq AND CAST(l.data AS TEXT) LIKE '%redriven%'))),"
            f" (SELECT count(DISTINCT runner) FROM events e WHERE e.message = m.seq AND e.kind IN {TERMINAL})"
            " FROM messages m"
        ).fetchall()
        stored = {row[0] for row in rows}
        assert len(stored) == len(rows), "a message was stored twice"
        assert world.acknowledged <= stored <= world.attempted
        assert [row for row in rows if not row[2] == row[3] == row[4]] == []
        check_effects(connection)
        assert connection.execute("SELECT error FROM attempts WHERE error LIKE '%AssertionError%'").fetchall() == []
        for table in ("deliveries", "parked", "heads", "windows", "owners", "positions"):
            assert connection.execute(f"SELECT * FROM {table}").fetchall() == [], table
        assert connection.execute("SELECT * FROM backlog WHERE unfinished <> 0").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
    check_order(world)


def check_effects(connection: sqlite3.Connection) -> None:
    """Step 9 commits with the result and with nothing else; the other steps at most once."""
    doubled = "SELECT number, runner, step FROM effects GROUP BY number, runner, step HAVING count(*) > 1"
    assert connection.execute(doubled).fetchall() == []
    done = set(
        connection.execute(
            "SELECT json_extract(CAST(m.body AS TEXT), '$.number'), n.name FROM events e"
            " JOIN messages m ON m.seq = e.message JOIN names n ON n.id = e.runner WHERE e.kind = 'result'"
        ).fetchall()
    )
    written = set(connection.execute("SELECT number, runner FROM effects WHERE step = 9").fetchall())
    assert written == done


def check_order(world: World) -> None:
    """Per runner and key: what started never starts again after a later one of the key did, but for a redrive."""
    for lane, starts in world.starts.items():
        left: set[tuple[int, int]] = set()
        last: tuple[int, int] | None = None
        for seq, _, life in starts:
            if (seq, life) != last:
                assert (seq, life) not in left, f"{lane}: {seq} came back: {starts}"
                if last is not None:
                    left.add(last)
                last = (seq, life)
        undelayed = [seq for seq, number, life in starts if not life and not world.due.get(number)]
        assert undelayed == sorted(undelayed), f"{lane}: {starts}"


def test_p02_p03_p04_p06_hold_in_every_order_of_events(tmp_path: Path, seed: int | None, long: bool) -> None:
    numbers = [seed] if seed is not None else range(LONG_SEEDS if long else SEEDS)
    for number in numbers:
        directory = tmp_path / str(number)
        directory.mkdir()
        try:
            with small_log():
                simulate(number, directory)
        except BaseException as error:
            error.add_note(f"replay with: pytest tests/simulation --seed {number}")
            raise
