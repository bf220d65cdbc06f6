"""Races and leftovers that the kills or a reading of the code brought to light, each made to happen on purpose."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from needlework.bus import quarantine
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import StorageError
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.sqlite.mark import read_mark
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus

pytestmark = pytest.mark.anyio


class Job(Message[None], topic="job"):
    """Plain work."""

    number: int


class Other(Message[None], topic="other"):
    """Work of another topic, for the same runner."""

    number: int


def registry_of(handler: Any, other: Any, **runner: Any) -> Registry:
    """Both topics with one runner."""
    topic = {"summary": "x", "permission": "permissionTasksWrite", "retry": {"attempts": 3, "first": "1ms"}}
    topics = {"job": dict(topic), "other": dict(topic)}
    limits = runner.pop("limits", None)
    if limits:
        topics["job"]["limits"] = list(limits)
    policies = {"runners": {"work": {"description": "x", **runner}}, "topics": topics, "limits": limits or {}}
    return Registry.of(handler, other, policies=policies)


class Recorder:
    """Two handlers that note what they ran."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []

    def registry(self, **runner: Any) -> Registry:
        @subscribe(Job, runner="work")
        async def job(message: Job, context: Context) -> None:
            self.ran.append(("job", message.number))

        @subscribe(Other, runner="work")
        async def other(message: Other, context: Context) -> None:
            self.ran.append(("other", message.number))

        return registry_of(job, other, **runner)


async def publish(bus: Bus, *messages: Message[Any]) -> list[str]:
    """Publish in the default workspace; the ids."""
    workspace = bus.workspaces.by_name["default"]
    receipts = await bus.publish_all([Publication(message=m, workspace=workspace) for m in messages])
    return [receipt.id for receipt in receipts]


async def test_what_comes_behind_a_page_being_read_is_not_forgotten(tmp_path: Path) -> None:
    """A row that appears before the page's end, while the page is on its way, must be found (promise P2)."""
    recorder = Recorder()
    registry = recorder.registry()
    async with running_bus(registry, tmp_path, runners=[]) as bus:
        await bus.pause("other", "test", kind="topic")
        await publish(bus, Other(number=1))
        await publish(bus, *[Job(number=number) for number in range(3000)])
    bus = await Bus.open(tmp_path, registry)
    take, pages = bus.store.take, 0

    async def slow(*args: Any) -> Any:
        nonlocal pages
        page = await take(*args)
        pages += 1
        if pages == 1:
            assert page.more
            await bus.resume("other", "test", kind="topic")
        return page

    bus.store.take = slow  # type: ignore[method-assign]
    await bus.start()
    try:
        await drain(bus, seconds=10)
        assert ("other", 1) in recorder.ran
        assert len(recorder.ran) == 3001
    finally:
        await bus.stop(1)


async def test_a_clean_stop_leaves_no_mark_that_a_later_crash_would_be_blamed_on(tmp_path: Path) -> None:
    """A death counts against a delivery only if it ran alone just then (promise P7)."""
    started = asyncio.Event()

    @subscribe(Job, runner="work")
    async def job(message: Job, context: Context) -> None:
        started.set()
        await asyncio.Event().wait()

    @subscribe(Other, runner="work")
    async def other(message: Other, context: Context) -> None: ...

    marks = Statement("SELECT mark, suspicion FROM positions")
    bus = await Bus.open(tmp_path, registry_of(job, other))
    await bus.start()
    await publish(bus, Job(number=1))
    await started.wait()
    await bus.store.write(
        [Statement("INSERT INTO positions (message, runner, priority, due, suspicion, mark) SELECT"
                   " message, runner, priority, due, 2, 2 FROM deliveries")]
    )  # fmt: skip
    await bus.stop(0)
    async with running_bus(registry_of(job, other), tmp_path, runners=[]) as bus:
        assert [tuple(row) for row in await bus.store.read(marks)] == [(0, 2)]


async def test_a_cancellation_in_the_same_commit_as_its_hand_over_does_not_end_it_twice(tmp_path: Path) -> None:
    """What is handed over in a transaction is in flight for the rest of that transaction (promise P2)."""
    recorder, gate = Recorder(), threading.Event()
    async with running_bus(recorder.registry(), tmp_path) as bus:
        await publish(bus, Job(number=1))
        await drain(bus)
        blocked = asyncio.create_task(bus.store.writer.run(lambda transaction: gate.wait(10)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        published = asyncio.create_task(publish(bus, Job(number=2)))
        await asyncio.sleep(0)
        cancelled = asyncio.create_task(bus.store.cancel(2, "test"))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(blocked, published)
        assert await cancelled == (0, [bus.store.runners["work"].number])
        await drain(bus)
    assert recorder.ran == [("job", 1), ("job", 2)]


async def test_the_mark_beside_the_database_never_grows_weaker(tmp_path: Path) -> None:
    """After a restart that only finished work, messages that vanish are still found missing (promise P11)."""
    recorder = Recorder()
    async with running_bus(recorder.registry(), tmp_path, runners=[]) as bus:
        await publish(bus, *[Job(number=number) for number in range(5)])
    async with running_bus(recorder.registry(), tmp_path) as bus:
        await drain(bus)
    mark = read_mark(tmp_path / "needlework.db.mark")
    assert mark is not None
    assert (mark.message, mark.event) == (5, 5)


async def test_what_fails_after_the_commit_is_not_tried_again_and_nobody_waits_in_vain(tmp_path: Path) -> None:
    """Out of memory in the writer's own book-keeping: the outcome is unknown, said at once, and the process ends."""
    recorder, failures = Recorder(), []
    bus = await Bus.open(tmp_path, recorder.registry())
    bus.failed = lambda name, error: failures.append((name, repr(error)))

    def out_of_memory(transaction: Any) -> None:
        raise MemoryError

    bus.store.writer._move_windows = out_of_memory  # type: ignore[method-assign]
    answers = await asyncio.gather(*[publish(bus, Job(number=n)) for n in range(3)], return_exceptions=True)
    assert [type(answer) for answer in answers] == [StorageError] * 3
    assert failures == [("storage", "MemoryError()")]
    with pytest.raises(StorageError):
        await publish(bus, Job(number=4))
    stored = await bus.store.read(Statement("SELECT count(*), count(DISTINCT body) FROM messages"))
    assert tuple(stored[0]) == (3, 3)
    await bus.stop(0)


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_a_suspect_that_waits_for_quiet_starts_neither_after_a_stop_nor_after_a_cancellation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """No delivery starts once the service stops, and none that was reported as cancelled (promise P12)."""
    monkeypatch.setattr(quarantine, "ALONE_EVERY", 0.0)
    ran: list[str] = []
    go = asyncio.Event()

    @subscribe(Job, runner="work")
    async def job(message: Job, context: Context) -> None:
        ran.append("job")

    @subscribe(Other, runner="work")
    async def other(message: Other, context: Context) -> None:
        await go.wait()

    registry = registry_of(job, other)
    async with running_bus(registry, tmp_path, runners=[]) as bus:
        ident, _ = await publish(bus, Job(number=1), Other(number=1))
        await bus.store.write(
            [Statement("INSERT INTO positions (message, runner, priority, due, suspicion) SELECT"
                       " message, runner, priority, due, 2 FROM deliveries WHERE message = 1")]
        )  # fmt: skip
    bus = await Bus.open(tmp_path, registry)
    await bus.start()
    while bus.dispatcher.quarantine.alone is None or not bus.dispatcher.workers():  # noqa: ASYNC110
        await asyncio.sleep(0)
    if how == "cancel":
        workspace = bus.workspaces.by_name["default"]
        assert await bus.cancel(workspace, ident, "test") == {"cancelled": 1}
        go.set()
        await drain(bus)
        assert (await bus.message(workspace, ident))["state"] == "cancelled"
        await bus.stop(1)
    else:
        stopping = asyncio.create_task(bus.stop(5))
        await asyncio.sleep(0)
        go.set()
        await stopping
    assert ran == []
    async with running_bus(registry, tmp_path, runners=[]) as bus:
        attempts = await bus.store.read(Statement("SELECT count(*) FROM attempts"))
        assert attempts[0][0] == 0
