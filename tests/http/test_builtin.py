"""The built-in operations over HTTP: whatever joins the table later is held to the same rules."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework import compose
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL, Permission
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.testing import running_bus
from needlework.http.app import Application, build_app
from needlework.http.routes import PUBLIC
from needlework.http.settings import HttpSettings
from needlework.http.testing import client_of
from openapi_spec_validator import OpenAPIV31SpecValidator

pytestmark = pytest.mark.anyio

HOSTILE = [
    b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":' + b"9" * 400 + b"}", b'{"a":9007199254740993}',
    b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud800"}', b'{"a":"\\udc00"}', b'{"a":"\\u0000"}', b'{"a":"\x00"}',
    b'{"a":"\xff"}', b"\xff\xfe{\x00}\x00", b'{"a":"\xc0\xaf"}', b'{"a":', b"{", b"{}{}", b"'a'", b'"a"', b"null",
    b"12", b"true", b'{"a":01}', b"\xef\xbb\xbf{", b"[1,",
]  # fmt: skip
"""S13."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The built-in operations."""
    return compose.builtin_registry()


@pytest.fixture
async def bus(registry: Registry, tmp_path: Path) -> AsyncIterator[Bus]:
    """A bus that stores and runs nothing."""
    async with running_bus(registry, tmp_path / "data", groups=compose.handler_groups(), runners=()) as bus:
        yield bus


@pytest.fixture
async def exposed(bus: Bus) -> AsyncIterator[Application]:
    """The application as the network sees it."""
    app = build_app(bus, HttpSettings(exposed=True))
    yield app
    await app.aclose()


def address(path: str) -> str:
    """A path that fits a route."""
    return "/".join("absent" if part.startswith("{") else part for part in path.split("/"))


async def test_every_route_refuses_who_lacks_its_permission(exposed: Application, bus: Bus) -> None:
    """S7."""
    weak: dict[Permission, str] = {}
    for permission in ALL:
        text, _ = await bus.tokens.create("weak", ALL - {permission}, None, None, "test")
        weak[permission] = f"Bearer {text}"
    async with client_of(exposed) as client:
        for endpoint in exposed.routes:
            if endpoint.permission == PUBLIC:
                assert endpoint.topic is None
                continue
            path = address(endpoint.path)
            assert (await client.request(endpoint.method, path)).status_code == 401, path
            headers = {"authorization": weak[endpoint.permission]}  # type: ignore[index]
            refused = await client.request(endpoint.method, path, headers=headers)
            assert refused.status_code == 403, path
            assert endpoint.permission in refused.json()["detail"]


async def test_hostile_bodies_are_refused_and_leave_nothing(app: Application, bus: Bus) -> None:
    async with client_of(app) as client:
        for endpoint in app.routes:
            if endpoint.method not in ("POST", "PUT", "PATCH") or endpoint.path == "/logout":
                continue
            for body in HOSTILE:
                answer = await client.request(endpoint.method, address(endpoint.path), content=body)
                assert 400 <= answer.status_code < 500, (endpoint.path, body[:40], answer.text)
    assert (await bus.store.read(Statement("SELECT count(*) FROM messages")))[0][0] == 0


async def test_the_document_is_valid_and_has_the_references_parameters(app: Application) -> None:
    async with client_of(app) as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert {(e.method.lower(), e.path) for e in app.routes} == {
        (method, path) for path, entry in document["paths"].items() for method in entry
    }
    again = document["paths"]["/api/internal/labels/reanalysis"]["post"]
    assert {"from", "until", "type"} <= {parameter["name"] for parameter in again["parameters"]}


async def test_the_http_page_lists_every_path_that_is_no_topics(app: Application) -> None:
    page = (Path(compose.__file__).parent / "docs" / "http.md").read_text()
    section = page.partition("\n## Every path\n")[2].partition("\n## ")[0]
    shown = {
        (method, path)
        for line in section.splitlines()
        if line.startswith("| `")
        for method, path in re.findall(r"`([A-Z]+) (\S+)`", line)
    }
    served = {(e.method, e.path) for e in app.routes if e.topic is None}
    assert {(m, "/ui/…" if p.startswith("/ui/") else p) for m, p in served} == shown


async def test_the_pages_keep_to_their_own_policy(app: Application) -> None:
    """CSP allows files of our own alone: no inline script or style, nothing from elsewhere."""
    async with client_of(app) as client:
        for endpoint in app.routes:
            if endpoint.tag != "pages":
                continue
            text = (await client.get(endpoint.path)).text
            assert "style=" not in text
            assert "<script>" not in text
            assert not any(f" on{event}=" in text for event in ("click", "load", "error", "submit"))
            assert "innerHTML" not in text
            links = text.replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://\w", links)
