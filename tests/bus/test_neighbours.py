"""Two buses on one file: what one publishes, asks or holds reaches the runners of the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Conflict, StorageError
from needlework.bus.messages import Message
from needlework.bus.records import EventRecord
from needlework.bus.sharing import groups_of, share_of
from needlework.bus.sql import Statement
from needlework.bus.sqlite.turnstile import Turnstile
from needlework.bus.subscriptions import subscribe
from needlework.bus.unfinished import Unfinished, Where
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio
GATE: dict[str, asyncio.Event] = {}
SEEN: list[tuple[str, int]] = []
"""(bus's epoch, number) of each start."""


class Work(Message[int], topic="t.work"):
    """Answers its number; waits at the gate where there is one."""

    number: int = 0
    waits: bool = False


class Step(Message[None], topic="t.step", key=("name",)):
    """In order by name."""

    name: str
    number: int


class Latest(Message[None], topic="t.latest", key=("name",)):
    """The newest data wins while it waits."""

    name: str
    number: int


class Narrow(Message[None], topic="t.narrow"):
    """Under a limit that two runners share."""


@subscribe(Work, runner="work")
async def work(message: Work, ctx: Context) -> int:
    SEEN.append((ctx.bus.epoch, message.number))
    if message.waits:
        await GATE["it"].wait()
    return message.number


@subscribe(Step, runner="steps")
async def step(message: Step, ctx: Context) -> None:
    SEEN.append((message.name, message.number))


@subscribe(Latest, runner="latest")
async def latest(message: Latest, ctx: Context) -> None:
    SEEN.append((message.name, message.number))


@subscribe(Narrow, runner="one")
@subscribe(Narrow, runner="two")
async def narrow(message: Narrow, ctx: Context) -> None: ...


REGISTRY = kit.registry(
    work, step, latest, narrow, limits={"narrow": {"concurrency": 1}}, runners={"steps": kit.runner(concurrency=4)},
    t__work={"automatic": True}, t__step={"order": "key"}, t__latest={"coalesce": "replace"},
    t__narrow={"limits": ["narrow"], "replies": "one"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()
    GATE["it"] = asyncio.Event()


@contextlib.asynccontextmanager
async def attached(directory: Path, *roles: Any) -> AsyncIterator[list[Bus]]:
    """Buses of these roles on one directory, stopped in reverse order."""
    async with contextlib.AsyncExitStack() as stack:
        buses = []
        for role in roles:
            bus = await Bus.open(directory, REGISTRY)
            stack.push_async_callback(bus.stop, 1)
            bus.failed = lambda name, error: SEEN.append((f"failed {name} {error!r}", -1))
            await bus.attach(role)
            buses.append(bus)
        yield buses
    assert [entry for entry in SEEN if entry[1] == -1] == []


async def until_owned(*buses: Bus) -> None:
    """Until each runner runs in one of them."""
    await kit.until(lambda: sum(len(bus.dispatcher.queues) for bus in buses) >= len(REGISTRY.runners))


async def test_replies_and_streams_come_from_the_process_that_runs_it(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, worker):
        watching = asyncio.create_task(anext(aiter(api.events(workspace=kit.DEFAULT, after=0, topic="t.work"))))
        answers = await asyncio.gather(*(kit.ask(api, Work(number)) for number in range(50)))
        assert [answer.data for answer in answers] == list(range(50))
        assert isinstance(await asyncio.wait_for(watching, 5), EventRecord)
        assert {epoch for epoch, _ in SEEN} == {worker.epoch}
        assert api.hub.waiting() == 0


async def test_a_stream_over_two_publishing_processes_has_neither_gap_nor_repeat(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, worker):
        found: list[int] = []

        async def watch() -> None:
            async for event in api.events(workspace=kit.DEFAULT, after=0):
                found.append(event.seq)  # type: ignore[union-attr]

        watching = asyncio.create_task(watch())
        for number in range(100):
            await asyncio.gather(kit.publish(api, Work(number)), kit.publish(worker, Work(number)))
            for bus in (api, worker):  # cancelled here, done there: both write events
                receipt = await kit.publish(bus, Work(number), due=bus.clock.now() + 60 * SECOND)
                await bus.cancel(kit.DEFAULT, receipt.id, "test")
        await kit.until(lambda: len(found) == 400)
        watching.cancel()
        assert found == list(range(1, 401))


async def test_a_key_keeps_its_order_over_two_publishers(tmp_path: Path) -> None:
    """P3: in which their publishes were acknowledged, whoever published."""
    async with attached(tmp_path, "api", "worker", "worker") as buses:
        await until_owned(*buses[1:])
        for number in range(60):
            await kit.publish(buses[number % 3], Step("k", number))
        await kit.until(lambda: len(SEEN) == 60)
        assert [number for _, number in SEEN] == list(range(60))


async def test_a_delayed_one_is_started_in_time_by_its_owner(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, _):
        due = api.clock.now() + SECOND // 5
        receipt = await kit.publish(api, Work(1), due=due)
        await kit.until(lambda: SEEN)
        assert due <= api.clock.now() < due + SECOND
        assert await kit.state(api, receipt) in ("done", "waiting", "running")


async def test_what_waits_elsewhere_is_absorbed_into_and_what_runs_there_is_not(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, _):
        first = await kit.publish(api, Latest("a", 1), due=api.clock.now() + SECOND // 2)
        second = await kit.publish(api, Latest("a", 2))
        assert second.id == first.id
        await kit.until(lambda: SEEN)
        assert SEEN == [("a", 2)]
        assert (await kit.publish(api, Latest("a", 3))).id != first.id


async def test_what_another_process_has_in_flight_is_cancelled_there(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, _):
        receipt = await kit.publish(api, Work(1, waits=True))
        await kit.until(lambda: SEEN)
        assert await api.cancel(kit.DEFAULT, receipt.id, "me") == {"cancelled": 1}
        await kit.until_found(api, "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM deliveries)")
        assert await kit.state(api, receipt) == "cancelled"
        with pytest.raises(Conflict):
            await api.cancel(kit.DEFAULT, receipt.id, "me")
        await kit.until_found(api, "SELECT NOT EXISTS (SELECT 1 FROM asks)")


async def test_many_are_cancelled_wherever_they_are_in_flight(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, _):
        running = await kit.publish(api, Work(1, waits=True))
        delayed = await kit.publish(api, Work(2), due=api.clock.now() + 60 * SECOND)
        await kit.until(lambda: SEEN)
        numbers = [await api.inspection.seq_of(kit.DEFAULT, each.id) for each in (running, delayed)]
        unfinished = Unfinished(api, kit.DEFAULT, Where(), api.clock.now())
        assert await unfinished.cancel(numbers, "me", running=False) == 1, "it may have begun there"
        assert await unfinished.cancel(numbers, "me", running=True) == 1
        await kit.until_found(api, "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM deliveries)")
        assert [await kit.state(api, each) for each in (running, delayed)] == ["cancelled", "cancelled"]


async def test_neighbours_are_looked_for_again_where_the_system_refused_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: it recovers without a restart."""
    async with attached(tmp_path, "api") as (api,):
        refused: list[str] = []

        def refuse(*_: object) -> Any:
            refused.append("look")
            raise OSError(24, "Too many open files")

        with monkeypatch.context() as patch:
            patch.setattr("needlework.bus.neighbours.living", refuse)
            await kit.until(lambda: len(refused) == 2)
        async with attached(tmp_path, "worker") as (worker,):
            await kit.until(lambda: worker.epoch in api.neighbours.others)
            with monkeypatch.context() as patch:
                patch.setattr(api.store.shared.notice, "changed", refuse)
                await kit.until(lambda: len(refused) > 10)
            assert (await kit.ask(api, Work(1))).data == 1


async def test_a_disk_that_can_not_be_read_for_a_moment_ends_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: what others committed is read again."""
    async with attached(tmp_path, "api", "worker") as (api, worker):
        refused = [0]

        async def refuse(*_: object) -> Any:
            refused[0] += 1
            raise StorageError("the disk refused", retry_after=1)

        first = asyncio.ensure_future(anext(aiter(api.events(workspace=kit.DEFAULT))))
        await kit.until(lambda: any(one.waiter for found in api.hub._by_topic.values() for one in found))
        with monkeypatch.context() as patch:
            patch.setattr(api.store, "read", refuse)
            await kit.publish(worker, Work(1))
            await kit.until(lambda: refused[0] > 1)
        assert isinstance(await asyncio.wait_for(first, 5), EventRecord)
        with monkeypatch.context() as patch:
            patch.setattr(worker.store.shared, "see", refuse)
            before = refused[0]
            await api.pause("work", "me")
            await kit.until(lambda: refused[0] > before)
        await kit.until(lambda: "work" in worker.controls.paused_runners)
        assert (await api.counts(kit.DEFAULT))["t.work"]["unfinished"] == 0


def test_a_turn_for_which_no_file_can_be_opened_is_refused_as_by_the_disk(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path / "gone" / "db")
    turnstile.shared = True
    with pytest.raises(StorageError, match="can't be opened"), turnstile:
        pass


async def test_a_run_is_carried_out_and_counted_by_the_owner(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, _):
        await api.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        counts = await api.run("work", kit.DEFAULT, 10, 5)
        assert counts.processed == 0
        receipt = await kit.publish(api, Work(1, waits=True))
        running = asyncio.create_task(api.run("work", kit.DEFAULT, 1, 5))
        await kit.until(lambda: SEEN)
        with pytest.raises(Conflict):
            await api.run("work", kit.DEFAULT, 1, 5)
        GATE["it"].set()
        assert (await running).succeeded == 1
        assert await kit.state(api, receipt) == "done"


async def test_a_pause_and_a_resume_reach_the_owner(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, worker):
        await api.pause("t.work", "me", kind="topic")
        await kit.until(lambda: "t.work" in worker.controls.paused_topics)
        receipt = await kit.publish(api, Work(1))
        assert await kit.why(api, receipt) == "topic_paused"
        await api.resume("t.work", "me", kind="topic")
        await kit.until(lambda: SEEN)
        await api.pause("work", "me")
        await kit.until(lambda: "work" in worker.controls.paused_runners)
        await kit.publish(api, Work(2))
        await api.resume("work", "me")
        await kit.until(lambda: len(SEEN) == 2)


async def test_runners_are_shared_out_and_given_back_at_a_stop(tmp_path: Path) -> None:
    async with attached(tmp_path, "worker") as (first,):
        await until_owned(first)
        async with attached(tmp_path, "worker") as (second,):
            await kit.until(lambda: len(second.dispatcher.queues) >= 2)
            await until_owned(first, second)
            assert not set(first.dispatcher.queues) & set(second.dispatcher.queues)
            both = [{"one", "two"} <= set(bus.dispatcher.queues) for bus in (first, second)]
            assert sorted(both) == [False, True], "runners that share a limit stay together"
            for number in range(20):
                await kit.publish(first, Work(number))
            fences = {name: second.store.fences[second.store.runners[name].number] for name in second.dispatcher.queues}
        await until_owned(first)
        await kit.until(lambda: len(SEEN) == 20)
        for name, fence in fences.items():
            assert first.store.fences[first.store.runners[name].number] > fence


async def test_a_runner_that_is_busy_is_not_handed_over_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("needlework.bus.sharing.DRAIN", 0.1)
    async with attached(tmp_path, "worker") as (first,):
        await kit.publish(first, Work(1, waits=True))
        await kit.until(lambda: SEEN)
        async with attached(tmp_path, "worker") as (second,):
            await kit.until(lambda: len(second.dispatcher.queues) >= 2)
            assert "work" in first.dispatcher.queues
            await kit.publish(second, Work(2))
            await kit.until(lambda: len(SEEN) == 2)
            GATE["it"].set()


async def test_one_process_fires_schedules_and_another_takes_that_over(tmp_path: Path) -> None:
    first = await Bus.open(tmp_path, REGISTRY)
    await first.attach("worker")
    async with attached(tmp_path, "worker", "api") as (second, api):
        assert [bus.duties.on_duty for bus in (first, second, api)] == [True, False, False]
        assert [bus.duties.checkpoints for bus in (first, second, api)] == [True, False, False]
        await first.stop(1)
        await kit.until(lambda: second.duties.on_duty and (second.duties.checkpoints or api.duties.checkpoints))


async def test_a_revoked_token_is_refused_by_the_other_process_at_once(tmp_path: Path) -> None:
    async with attached(tmp_path, "api", "worker") as (api, other):
        text, record = await api.tokens.create("t", frozenset({"permissionRead"}), None, None, "me")
        assert await other.tokens.check(text) is not None
        await api.tokens.revoke(record.id, "me")
        await kit.until(lambda: other.tokens.cached(text) is None, seconds=1)
        assert await other.tokens.check(text) is None


async def test_what_a_dead_process_asked_for_is_forgotten(tmp_path: Path) -> None:
    async with attached(tmp_path, "api") as (api,):
        await api.store.write(
            [Statement("INSERT INTO asks (id, epoch, runner, kind, body) VALUES (1, 'dead', 1, 'run', '{}')"),
             Statement("INSERT INTO processes VALUES ('dead', 1, 'worker', 1, 'x')")]
        )  # fmt: skip
        await kit.until_found(api, "SELECT NOT EXISTS (SELECT 1 FROM asks)")
        assert [each.role for each in await api.processes_attached()] == ["api"]


def test_shares_add_up_and_a_server_has_everything() -> None:
    workers = [("a", "worker"), ("b", "worker"), ("c", "worker")]
    assert [share_of(epoch, workers, 4) for epoch, _ in workers] == [2, 1, 1]  # type: ignore[arg-type]
    assert share_of("a", [*workers, ("s", "serve")], 4) == 0  # type: ignore[list-item]
    assert share_of("s", [*workers, ("s", "serve"), ("x", "api")], 4) == 4  # type: ignore[list-item]
    assert sorted(map(sorted, groups_of(REGISTRY))) == [["latest"], ["one", "two"], ["steps"], ["work"]]


async def test_a_stop_beside_another_process_starts_nothing_more_and_takes_no_longer_than_its_grace(
    tmp_path: Path,
) -> None:
    """P12: its runners are given back as they come to rest; what does not is broken off once, not waited for twice."""
    async with attached(tmp_path, "api") as (api,):
        worker = await Bus.open(tmp_path, REGISTRY)
        await worker.attach("worker")
        await until_owned(worker)
        await kit.publish(api, Work(1, waits=True))
        await kit.until(lambda: SEEN)
        began = asyncio.get_running_loop().time()
        stopping = asyncio.create_task(worker.stop(0.5))
        await kit.until(lambda: len(worker.dispatcher.queues) == 1)  # the others were given back
        await kit.publish(api, Work(2))
        await stopping
        assert asyncio.get_running_loop().time() - began < 0.9
        assert [number for _, number in SEEN] == [1]
        assert await kit.value(api, "SELECT count(*) FROM deliveries") == 2
        assert await kit.value(api, "SELECT count(*) FROM owners") == 0
