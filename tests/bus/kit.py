"""Short words for the bus's tests: registries, publications, rows, outcomes, a bus that dies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.messages import Message
from needlework.bus.records import TERMINAL, EventRecord, Outcome, Publication, Receipt
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

DEFAULT = Workspace(1, "default")
RIGHT = "permissionWorkspacesWrite"


def topic(**policy: Any) -> dict[str, Any]:
    """A topic's policy, with what every topic must have."""
    return {"summary": "A topic of the tests", "permission": RIGHT, **policy}


def runner(**policy: Any) -> dict[str, Any]:
    """A runner's policy."""
    return {"description": "A runner of the tests", **policy}


def registry(*handlers: Callable[..., Any], runners: Any = None, limits: Any = None, **topics: Any) -> Registry:
    """Handlers with their policies. Topics are named with `__` for the dot; what is not named has defaults."""
    marks = [mark for handler in handlers for mark in handler.__subscriptions__]  # type: ignore[attr-defined]
    policies = {mark.topic: topic() for mark in marks}
    policies |= {name.replace("__", "."): topic(**policy) for name, policy in topics.items()}
    consumers = {mark.runner: runner() for mark in marks} | (runners or {})
    return Registry.of(*handlers, policies={"topics": policies, "runners": consumers, "limits": limits or {}})


async def publish(bus: Bus, message: Message[Any], **fields: Any) -> Receipt:
    """Publish in the default workspace."""
    return await bus.publish(Publication(message=message, **{"workspace": DEFAULT, **fields}))


async def ask(bus: Bus, message: Message[Any], *, timeout: float = 20, **fields: Any) -> Outcome:
    """Request in the default workspace; the outcome, whatever it is."""
    _, outcome = await bus.request(Publication(message=message, **{"workspace": DEFAULT, **fields}), timeout=timeout)
    assert outcome is not None
    return outcome


async def rows(bus: Bus, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the database."""
    return [tuple(row) for row in await bus.store.read(Statement(sql, values))]


async def value(bus: Bus, sql: str, *values: Any) -> Any:
    """The first column of the first row."""
    return (await rows(bus, sql, *values))[0][0]


async def events(bus: Bus, receipt: Receipt) -> list[EventRecord]:
    """All events of a message, to its end."""
    found = []
    async with asyncio.timeout(20):
        async for event in bus.events(workspace=DEFAULT, message=receipt.id):
            assert isinstance(event, EventRecord)
            found.append(event)
    return found


async def state(bus: Bus, receipt: Receipt) -> str:
    """A message's state."""
    return str((await bus.message(DEFAULT, receipt.id))["state"])


async def why(bus: Bus, receipt: Receipt) -> str:
    """The reason that `explain` gives for a message's first delivery."""
    return str((await bus.explain(DEFAULT, receipt.id))["deliveries"][0]["reason"])


async def until(condition: Callable[[], Any], *, seconds: float = 30.0) -> None:
    """Let the others run until `condition` holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is anything, no event tells of it
            await asyncio.sleep(0)


async def until_found(bus: Bus, sql: str, *values: Any, seconds: float = 30.0) -> None:
    """Wait until a query's first column is true. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await value(bus, sql, *values):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)


async def pass_time(bus: Bus, clock: ManualClock, seconds: float, *, step: float | None = None) -> None:
    """Let time pass in steps, and let what became due end."""
    step = step or seconds
    while seconds > 1e-9:
        clock.advance(min(step, seconds))
        seconds -= step
        await drain(bus)


async def kill(bus: Bus) -> None:
    """End a bus as SIGKILL would, as far as its file sees: nothing is released, its lock is free."""
    await bus.store.writer.settled()
    bus.watchdog.stop()
    bus.scheduler.stop()
    bus.maintenance.stop()
    bus.store.finish = lambda finish: None  # type: ignore[method-assign] - the dead write nothing
    bus.neighbours.stop()
    await bus.dispatcher.stop(0.0)
    bus.hub.close()
    bus.store.marking = False
    await bus.store.close()
    bus.unlock()


@contextlib.asynccontextmanager
async def doomed_bus(registry: Registry, directory: Path, **options: Any) -> AsyncIterator[Bus]:
    """A started bus that is killed at the end."""
    bus = await Bus.open(directory, registry, **options)
    await bus.start()
    try:
        yield bus
    finally:
        await kill(bus)


def endings(found: list[EventRecord]) -> list[str]:
    """The kinds of the terminal events."""
    return [event.kind for event in found if event.kind in TERMINAL]


__all__ = [
    "DEFAULT", "ManualClock", "ask", "doomed_bus", "drain", "endings", "events", "kill", "pass_time",
    "publish", "registry", "rows", "runner", "running_bus", "state", "topic", "until", "until_found", "value", "why",
]  # fmt: skip
