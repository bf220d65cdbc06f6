"""A running bus with every built-in operation, and a short way to ask it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import needlework
import pytest
from needlework.bus import testing
from needlework.bus.bus import Bus
from needlework.bus.messages import Message
from needlework.bus.records import Outcome, Publication
from needlework.bus.registry import Registry

ROOT = Path(needlework.__file__).parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


class Desk:
    """Asks a bus in one workspace and answers as a caller over HTTP would see it: plain JSON values."""

    def __init__(self, bus: Bus, clock: testing.ManualClock, workspace: str = "default") -> None:
        self.bus, self.clock = bus, clock
        self.workspace = bus.workspaces.by_name[workspace]

    async def other(self, name: str) -> "Desk":
        """The same bus, asked in another workspace."""
        await self.bus.workspaces.create(name, "test")
        return Desk(self.bus, self.clock, name)

    async def outcome(self, message: Message[Any], **fields: Any) -> Outcome:
        """Publish and wait for the outcome, whatever it is."""
        publication = Publication(message=message, workspace=self.workspace, waited=True, **fields)
        _, outcome = await self.bus.request(publication, timeout=20)
        assert outcome is not None
        return outcome

    async def __call__(self, message: Message[Any], **fields: Any) -> Any:
        """The result of a message or a query; a refusal fails the test."""
        if self.bus.registry.topic_of(message).policy.query:
            found = await self.bus.query(message, workspace=self.workspace, principal="test")
            return msgspec.to_builtins(found)
        outcome = await self.outcome(message, **fields)
        assert outcome.kind == "result", outcome
        return outcome.data

    async def refusal(self, message: Message[Any]) -> tuple[int, str]:
        """Status and code of the problem that a message ends in."""
        outcome = await self.outcome(message)
        assert outcome.kind == "refused", outcome
        return outcome.data["status"], outcome.data["code"]

    async def publish(self, message: Message[Any], **fields: Any) -> str:
        """Publish without waiting: the message's id."""
        receipt = await self.bus.publish(Publication(message=message, workspace=self.workspace, **fields))
        return receipt.id

    async def drain(self) -> None:
        """Until nothing is due."""
        await testing.drain(self.bus)


OpenDesk = Callable[[Path, testing.ManualClock], AbstractAsyncContextManager[Desk]]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.load(["needlework.handlers"], [ROOT / "topics.toml"])


@pytest.fixture
def clock() -> testing.ManualClock:
    return testing.ManualClock()


@pytest.fixture(scope="module")
def open_desk(registry: Registry) -> OpenDesk:
    """Opens a bus in a folder."""

    @contextlib.asynccontextmanager
    async def open_one(folder: Path, clock: testing.ManualClock) -> AsyncIterator[Desk]:
        groups = sorted((path.parent.name, path) for path in (ROOT / "handlers").glob("*/migrations"))
        async with testing.running_bus(registry, folder, clock=clock, groups=groups) as bus:
            bus.scheduler.stop()  # what ticks by itself would take what a test ticks for
            yield Desk(bus, clock)

    return open_one


@pytest.fixture
async def desk(open_desk: OpenDesk, clock: testing.ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, clock) as desk:
        yield desk


@pytest.fixture
def dialogues() -> list[list[str]]:
    """Real customers' turns, one list a conversation (MultiDoGO), or our own few where those are absent."""
    path = SHARED / "support_dialogs_multidogo" / "train.jsonl"
    if not path.exists():
        path = ROOT / "tests" / "data" / "dialogues.jsonl"
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            if len(found) == 40 and row["conversation_id"] not in found:
                break
            found.setdefault(row["conversation_id"], []).append(row["text"])
    return list(found.values())
