"""A real bus with a handful of topics, and the real application on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.messages import Message, Reply
from needlework.bus.permissions import ALL, Permission
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus
from needlework.http.app import Application, build_app
from needlework.http.settings import HttpSettings
from needlework.http.testing import MakeApp, client_of
from needlework.tests.http.browsers import chromium
from needlework.tests.http.served import serving
from selenium.webdriver import Chrome


class Echoed(msgspec.Struct):
    """What Echo answers."""

    id: str
    text: str
    n: int


class Echo(Message[Echoed], topic="t.echo", key=("id",)):
    """Answer what was said."""

    id: str
    text: str = ""
    n: int = 0
    tags: tuple[str, ...] = ()


class Range(Message[Any], topic="t.range"):
    """Filters only: they stand in the query."""

    from_: int | float | str | None = msgspec.field(name="from", default=None)
    until: int | float | str | None = None
    dry: bool = False


class Work(Message[Any], topic="t.work", key=("id",)):
    """Three steps, each told."""

    id: str
    gated: bool = False


class Held(Message[None], topic="t.held"):
    """Taken by nobody who is in a hurry."""

    id: str = ""


class Secret(Message[None], topic="t.secret"):
    """Only for handlers."""


class Tasks(Message[Any], topic="t.tasks"):
    """For those who may write tasks."""


class Look(Message[Any], topic="t.look"):
    """Only reads."""

    id: str
    limit: int = 5


class Bad(Message[Any], topic="t.bad"):
    """Fails as asked."""

    how: str


@subscribe(Echo, runner="r")
async def echo(message: Echo, ctx: Context) -> Any:
    """Echo."""
    if message.text == "wrapped":
        return Reply({"only": True}, {"X-Needlework-Skipped": "two\r\nX-Evil: 1"})
    return Echoed(message.id, message.text, message.n)


@subscribe(Range, runner="r")
async def ranged(message: Range, ctx: Context) -> Any:
    """What it understood."""
    return {"from": message.from_, "until": message.until, "dry": message.dry}


GATE: dict[str, asyncio.Event] = {}
STARTED: dict[str, asyncio.Event] = {}


@subscribe(Work, runner="slow")
async def work(message: Work, ctx: Context) -> Any:
    """Steps."""
    for step in range(3):
        await ctx.progress(step + 1, of=3, kind="step", step=step)
    if message.gated:
        await GATE.setdefault(message.id, asyncio.Event()).wait()
    return {"steps": 3}


@subscribe(Held, runner="never")
async def held(message: Held, ctx: Context) -> None:
    """Nothing."""


@subscribe(Secret, runner="r")
async def secret(message: Secret, ctx: Context) -> None:
    """Nothing."""


@subscribe(Tasks, runner="r")
async def tasks(message: Tasks, ctx: Context) -> Any:
    """Yes."""
    return {"ok": True}


@subscribe(Look, runner="r")
async def look(message: Look, ctx: Context) -> Any:
    """Or it is not there."""
    if message.id == "absent":
        raise Refuse(404, "not_found", "no such thing")
    return {"id": message.id, "limit": message.limit}


@subscribe(Bad, runner="r")
async def bad(message: Bad, ctx: Context) -> Any:
    """One way to fail."""
    if message.how == "refuse":
        raise Refuse(422, "too_little", "not enough", errors=[FieldError("how", "is bad")], least=200)
    raise RuntimeError("secret detail")


WRITE = "permissionWorkspacesWrite"
POLICIES: dict[str, Any] = {
    "runners": {
        "r": {"description": "at once"},
        "slow": {"description": "in steps"},
        "never": {"description": "only when ticked", "mode": "tick"},
    },
    "topics": {
        "t.echo": {
            "summary": "Echo", "permission": WRITE, "route": "POST /api/t/{id}/echo", "reply": "result",
            "coalesce": "drop",
        },
        "t.range": {
            "summary": "Range", "permission": WRITE, "route": "POST /api/t/range", "reply": "result",
        },
        "t.work": {
            "summary": "Work", "permission": WRITE, "route": "POST /api/t/{id}/work", "reply": "stream",
        },
        "t.held": {
            "summary": "Held", "permission": WRITE, "route": "POST /api/t/held", "reply": "accepted",
            "deprecated_since": "2026-01-01", "sunset": "2030-01-02",
        },
        "t.secret": {"summary": "Secret", "permission": WRITE, "internal": True},
        "t.tasks": {
            "summary": "Tasks", "permission": "permissionTasksWrite", "route": "POST /api/t/tasks",
            "reply": "result",
        },
        "t.look": {
            "summary": "Look", "permission": "permissionRead", "route": "GET /api/t/{id}/look", "query": True,
        },
        "t.bad": {
            "summary": "Bad", "permission": WRITE, "route": "POST /api/t/bad", "reply": "result",
            "retry": {"attempts": 1},
        },
    },
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that serves."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture
def registry() -> Registry:
    """The topics above."""
    handlers = (echo, ranged, work, held, secret, tasks, look, bad)
    return Registry.of(*handlers, policies=POLICIES)


@pytest.fixture
async def bus(registry: Registry, tmp_path: Path) -> AsyncIterator[Bus]:
    """A running bus."""
    GATE.clear()
    async with running_bus(registry, tmp_path / "data") as bus:
        yield bus


@pytest.fixture
async def make_app(bus: Bus) -> AsyncIterator[MakeApp]:
    """Applications with settings of their own; closed at the end."""
    made: list[Application] = []

    def make(**settings: Any) -> Application:
        made.append(build_app(bus, HttpSettings(**settings)))
        return made[-1]

    yield make
    for app in made:
        await app.aclose()


@pytest.fixture
async def app(make_app: MakeApp) -> Application:
    """The application as it is by default: on loopback."""
    return make_app()


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on loopback."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def token(bus: Bus) -> Callable[..., Awaitable[str]]:
    """Make a token."""

    async def make(*permissions: Permission, workspaces: frozenset[int] | None = None) -> str:
        wanted = frozenset(permissions) or ALL
        return (await bus.tokens.create("test", wanted, workspaces, None, "test"))[0]

    return make


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `needlework serve --demo`."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for a module's tests."""
    made = chromium(tmp_path_factory.mktemp("chromium"))
    yield made
    made.quit()
