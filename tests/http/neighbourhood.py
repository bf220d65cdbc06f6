"""Three workspaces full of marked things, callers of four roles in each, and every route with ids to try on it."""

import contextlib
import re
import typing
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import msgspec
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL, READ, TASKS_WRITE, WORKSPACES_WRITE, Permission
from needlework.bus.testing import drain
from needlework.http.app import Application
from needlework.http.routes import PUBLIC, Endpoint
from needlework.http.testing import client_of

SPACES = ("ash", "birch", "cedar")
ROLES: dict[str, frozenset[Permission]] = {
    "owner": ALL,
    "write": frozenset((WORKSPACES_WRITE,)),
    "tasks": frozenset((TASKS_WRITE,)),
    "read": frozenset((READ,)),
}
_IDS = re.compile(r"\b[a-z]{2,6}_(?!\w*EXAMPLE)[0-9A-Z]{26}(?::[a-z_]+)?\b")


def mark(space: str) -> str:
    """A word that stands in everything of a workspace and nowhere else."""
    return f"zq{space}zq"


class Neighbourhood:
    """The workspaces and who may do what in them. Make it with `neighbourhood`."""

    def __init__(self, bus: Bus, app: Application) -> None:
        self.bus, self.app = bus, app
        self.tokens: dict[tuple[str, str], str] = {}
        self.ids: dict[str, list[str]] = {}
        """Of each workspace: what its owner finds in the lists that look like ids."""

    async def settle(self) -> None:
        """Make the workspaces, fill each by its owner over HTTP, and note the ids."""
        for space in SPACES:
            number = (await self.bus.workspaces.create(space, "test")).id
            for role, permissions in ROLES.items():
                text, _ = await self.bus.tokens.create(
                    f"{mark(space)} {role}", permissions, frozenset((number,)), None, "test"
                )
                self.tokens[space, role] = text
            await self._fill(space)
        await drain(self.bus)
        for space in SPACES:
            self.ids[space] = await self._ids(space)

    def headers(self, space: str, role: str) -> dict[str, str]:
        """What a caller presents."""
        return {"authorization": f"Bearer {self.tokens[space, role]}"}

    @contextlib.asynccontextmanager
    async def caller(self, space: str, role: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A client with a role in a workspace."""
        async with client_of(self.app, headers=self.headers(space, role), timeout=60) as client:
            yield client

    async def _fill(self, space: str) -> None:
        word = mark(space)
        when = "2026-01-01T00:00:00Z"
        async with self.caller(space, "owner") as owner:
            for path, body in (
                ("/api/accounts", {"name": word, "domains": [f"{word}.example"], "external_id": word}),
                ("/api/users", {"name": word, "emails": [f"u@{word}.example"], "external_id": word}),
                ("/api/notes", {"title": word, "body_md": f"{word} please cancel our plan", "external_id": word}),
                (
                    "/api/conversations",
                    {
                        "subject": word, "external_id": word, "account_id": None, "started_at": when,
                        "messages": [{"text": f"{word}: cancel our subscription", "sender": f"u@{word}.example"}],
                    },
                ),
                ("/api/meetings", {"title": word, "external_id": word, "start": when}),
                ("/api/internal/labels/reanalysis", {"from": when}),
                ("/api/tokens", {"name": f"{word} more", "permissions": [READ]}),
                ("/login", {"token": self.tokens[space, "owner"]}),
            ):  # fmt: skip
                answer = await owner.post(path, json=body, headers={"idempotency-key": "same for all"})
                assert answer.status_code < 300, (path, answer.text)
            owner.cookies.clear()
            kept = await owner.put("/api/workspace/config", json={"tick": {"disable": False, "reason": word}})
            assert kept.status_code == 200, kept.text
            published = {"topic": "note.ingest", "data": {"title": f"{word} later"}, "deliver_after": 4_000_000_000}
            soon = {**published, "deliver_after": self.bus.clock.now() // 1_000_000 + 10**6}
            assert (await owner.post("/api/internal/pubsub/publish", json=soon)).status_code == 200
            assert (await owner.post("/api/internal/pubsub/publish", json=published)).status_code == 422

    async def _ids(self, space: str) -> list[str]:
        """What looks like an id in every list that takes no parameter, and in what these lead to."""
        found: set[str] = set()
        async with self.caller(space, "owner") as owner:
            for endpoint in readable(self.app):
                if "{" not in endpoint.path:
                    found |= set(_IDS.findall((await owner.get(endpoint.path)).text))
            shown = [each["id"] for path in ("/api/tokens", "/api/sessions") for each in (await _items(owner, path))]
        return sorted(found | set(shown) - {""})


async def _items(client: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(path)).json()["items"]
    return found


def readable(app: Application) -> Iterator[Endpoint]:
    """The routes that answer a GET at once."""
    for endpoint in app.routes:
        if endpoint.method == "GET" and endpoint.permission != PUBLIC and not endpoint.path.endswith("/events"):
            yield endpoint


def guarded(app: Application) -> list[Endpoint]:
    """Every route that asks who calls, but those that would not end by themselves."""
    return [each for each in app.routes if each.permission != PUBLIC and each.path != "/api/internal/pubsub/events"]


def address(endpoint: Endpoint, ident: str) -> str:
    """The route's path with `ident` wherever it takes one."""
    return "/".join(ident if part.startswith("{") else part for part in endpoint.path.split("/"))


def body(endpoint: Endpoint, ident: str) -> dict[str, Any]:
    """A body in which each field that may be a text or a list of them is `ident`, or its first word; no others."""
    try:
        fields = msgspec.structs.fields(endpoint.body)
    except TypeError:
        return {}
    made = {}
    for field in fields:
        if "{" + field.encode_name + "}" in endpoint.path:
            continue
        words = [each for each in typing.get_args(field.type) if isinstance(each, str)]
        for value in (ident, [ident], [{"text": ident}], *words):
            with contextlib.suppress(msgspec.ValidationError):
                msgspec.convert(value, field.type)
                made[field.encode_name] = value
                break
    return made
