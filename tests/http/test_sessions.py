"""Sessions of others: listed and ended by whoever may, within their own workspaces."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL, READ, WORKSPACES_WRITE
from needlework.http.testing import MakeApp, client_of

pytestmark = pytest.mark.anyio


async def test_a_session_is_seen_and_ended_by_those_of_its_workspaces_alone(
    make_app: MakeApp, bus: Bus, token: Callable[..., Awaitable[str]]
) -> None:
    app = make_app(exposed=True)
    spaces = {name: (await bus.workspaces.create(name, "test")).id for name in ("a", "b")}
    texts: dict[str, str] = {name: await token(*ALL, workspaces=frozenset((spaces[name],))) for name in "ab"}
    texts |= {"all": await token(*ALL), "reader": await token(READ)}

    async with client_of(app) as client:

        async def call(method: str, path: str, who: str) -> Any:
            return await client.request(method, path, headers={"authorization": f"Bearer {texts[who]}"})

        cookies = {}
        for name in ("a", "all"):
            answer = await client.post("/login", json={"token": texts[name]})
            cookies[name] = answer.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        seen = {who: (await call("GET", "/api/sessions", who)).json()["items"] for who in ("a", "b", "all")}
        assert [len(seen[who]) for who in ("a", "b", "all")] == [1, 0, 2]
        assert seen["a"][0]["workspaces"] == ["a"]
        assert not any(cookie[-30:] in repr(seen) for cookie in cookies.values())
        refused = await call("GET", "/api/sessions", "reader")
        assert (refused.status_code, WORKSPACES_WRITE in refused.json()["detail"]) == (403, True)
        (ident,) = (each["id"] for each in seen["a"])
        (whole,) = (each["id"] for each in seen["all"] if each["id"] != ident)
        foreign = [await call("DELETE", f"/api/sessions/{each}", "b") for each in (ident, whole, "absent")]
        assert [answer.status_code for answer in foreign] == [404] * 3
        assert len({repr({**answer.json(), "request_id": ""}) for answer in foreign}) == 1
        assert (await client.get("/api/workspace", headers={"cookie": cookies["a"]})).status_code == 200
        assert (await call("DELETE", f"/api/sessions/{ident}", "a")).json() == {"id": ident, "ended": True}
        assert (await client.get("/api/workspace", headers={"cookie": cookies["a"]})).status_code == 401
        assert (await call("DELETE", f"/api/sessions/{ident}", "a")).status_code == 404
        lines = (await bus.audit.list(None, limit=20))["items"]  # denials are audited beside it, when they can be
        assert [line["target"] for line in lines if line["action"] == "session.ended"] == [ident]
