"""The reference's calls about needle movers, as they stand there, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from needlework import compose
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL, Permission
from needlework.bus.registry import Registry
from needlework.bus.testing import running_bus
from needlework.handlers.needle_movers import reprocess
from needlework.http.app import build_app
from needlework.http.settings import HttpSettings
from needlework.http.testing import client_of

pytestmark = pytest.mark.anyio
V2 = "/api/v2/needle_movers"


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The built-in operations."""
    return compose.builtin_registry()


@pytest.fixture
async def bus(registry: Registry, tmp_path: Path) -> AsyncIterator[Bus]:
    """A bus that runs everything."""
    async with running_bus(registry, tmp_path / "data", groups=compose.handler_groups()) as bus:
        yield bus


@pytest.fixture
async def client(bus: Bus) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller on this machine, without a token."""
    app = build_app(bus, HttpSettings())
    async with client_of(app) as client:
        yield client
    await app.aclose()


async def create(client: httpx2.AsyncClient, id: str = "nm_123") -> dict[str, Any]:
    answer = await client.post(V2, content=f'{{"id": "{id}", "title": "CSV exports fail", "kind": "issue"}}')
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_refresh(client: httpx2.AsyncClient) -> None:
    await create(client)
    answer = await client.post(f"{V2}/nm_123/refresh?impact=true&summaries=true")
    found = answer.json()
    assert answer.status_code == 200
    assert found["refreshed"] == ["impact", "summaries"]
    assert {"impact_before", "impact_after", "impact_breakdown"} <= found.keys()
    assert (await client.post(f"{V2}/nm_123/refresh?impact=1&summaries=0")).json()["refreshed"] == ["impact"]
    assert (await client.post(f"{V2}/nm_none/refresh")).status_code == 404
    assert (await client.post(f"{V2}/nm_123/refresh?impcat=true")).status_code == 422


async def test_purge(client: httpx2.AsyncClient) -> None:
    await create(client)
    until = 1609459200
    assert (await client.post(f"{V2}/purge?until={until}")).json()["deleted"] == 0
    assert (await client.post(f"{V2}/purge?from={until}&until=1640995200")).json()["deleted"] == 0
    purged = (await client.post(f"{V2}/purge")).json()
    assert purged["deleted"] == 1
    assert (await client.get(V2)).json() == {"items": [], "next_cursor": None}
    restored = await client.post(f"{V2}/purges/{purged['purge_id']}/restore")
    assert restored.json()["restored"] == 1
    assert [each["id"] for each in (await client.get(V2)).json()["items"]] == ["nm_123"]
    assert (await client.post(f"{V2}/purge?unitl={until}")).status_code == 422


async def test_process_actions(client: httpx2.AsyncClient) -> None:
    await create(client)
    answer = await client.post(f"{V2}/nm_123/actions/process")
    assert (answer.status_code, answer.json()) == (200, {"action_ids": [], "actions": []})
    assert (await client.get(f"{V2}/nm_123/actions")).json()["items"] == []
    assert (await client.post("/api/internal/actions/action_none/undo")).status_code == 404
    assert (await client.post("/api/internal/actions/action_none/approve")).status_code == 404


async def test_match_reads_and_with_apply_links(client: httpx2.AsyncClient) -> None:
    """Two topics behind one address, chosen by a field; a body without Content-Type."""
    await create(client)
    body = '{"text": "The CSV export fails with an error.", "kind": "issue"}'
    found = (await client.post("/api/internal/needle_movers/match", content=body)).json()
    assert found["matches"][0]["needle_mover_id"] == "nm_123"
    assert found.keys() == {"matches", "best"}
    refused = await client.post("/api/internal/needle_movers/match", content="{}")
    assert refused.status_code == 422
    body = '{"conversation_fs_id": "conv_none", "apply": true}'
    applied = await client.post("/api/internal/needle_movers/match", content=body)
    assert (applied.status_code, applied.json()["code"]) == (404, "not_found")
    assert "x-message-id" not in (await client.post("/api/internal/needle_movers/match", content="{}")).headers


async def test_reprocess_streams_events(client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"{V2}/reprocess?from=1609459200&until=1640995200")
    assert answer.headers["content-type"] == "text/event-stream"
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    events = [msgspec.json.decode(each).get("data") or {} for each in data]
    kinds = [each["kind"] for each in events if "kind" in each]
    assert kinds == ["started", "progress", "done"]
    again = await client.get(answer.headers["location"], headers={"last-event-id": "1"})
    assert "event: result" in again.text
    assert (await client.post(f"{V2}/reprocess")).status_code == 422
    assert (await client.post(f"{V2}/reprocess?from=2&until=1")).status_code == 422


async def test_a_second_reprocess_is_a_problem_and_no_stream(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate, page = asyncio.Event(), asyncio.Event(), reprocess._page

    async def held(*arguments: Any) -> Any:
        found = await page(*arguments)
        if arguments[-1] != 1:  # not the first look, which only counts
            begun.set()
            await gate.wait()
        return found

    monkeypatch.setattr(reprocess, "_page", held)
    address = f"{V2}/reprocess?from=1609459200&until=1640995200"
    first = asyncio.ensure_future(client.post(address))
    await begun.wait()
    second = await client.post(address)
    assert (second.status_code, second.json()["code"]) == (409, "reprocess_running")
    assert second.headers["content-type"] == "application/problem+json"
    gate.set()
    assert "event: result" in (await first).text


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", f"{V2}/reprocess?from=1&until=2", "permissionTasksWrite"),
        ("POST", f"{V2}/nm_123/actions/process", "permissionTasksWrite"),
        ("POST", f"{V2}/nm_123/refresh", "permissionWorkspacesWrite"),
        ("POST", f"{V2}/purge", "permissionWorkspacesWrite"),
        ("POST", "/api/internal/needle_movers/match", "permissionWorkspacesWrite"),
        ("GET", V2, "permissionRead"),
    ],
)
async def test_who_lacks_the_permission_is_told_which(bus: Bus, method: str, path: str, permission: Permission) -> None:
    app = build_app(bus, HttpSettings(exposed=True))
    token, _ = await bus.tokens.create("weak", ALL - {permission}, None, None, "test")
    async with client_of(app) as client:
        refused = await client.request(method, path, headers={"authorization": f"Bearer {token}"})
    await app.aclose()
    assert refused.status_code == 403
    assert permission in refused.json()["detail"]
