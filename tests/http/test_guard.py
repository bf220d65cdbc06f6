"""Who may call: host, origin, principal, permission, in this order, before a body is read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.permissions import READ, TASKS_WRITE, WORKSPACES_WRITE, Permission
from needlework.bus.principals import LOCAL
from needlework.bus.sql import Statement
from needlework.http.app import Application
from needlework.http.routes import PUBLIC, Endpoint
from needlework.http.testing import MakeApp, client_of, raw, served, status_of

pytestmark = pytest.mark.anyio
TokenMaker = Callable[..., Awaitable[str]]
OURS = "http://localhost:6767"

HOSTS = [
    b"", b"Host: evil.example\r\n", b"Host: localhost.evil.example\r\n", b"Host: evil.example:6767\r\n",
    b"Host: localhost\r\nHost: evil.example\r\n", b"Host: localhost, evil.example\r\n",
    b"Host: localhost@evil.example\r\n", b"Host: evil@localhost\r\n", b"Host: 0.0.0.0:6767\r\n",
    b"Host: 2130706433\r\n", b"Host: 0x7f000001\r\n", b"Host: 127.1\r\n", b"Host: 127.0.0.2\r\n",
    b"Host: localhost.\r\n", b"Host: [::ffff:127.0.0.1]\r\n", b"Host: localhost:99999\r\n",
    b"Host: localhost:\r\n",
    b"Host: evil.example\r\nX-Forwarded-Host: localhost\r\n", b"Host: loc\xc3\xa4lhost\r\n",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
async def test_another_host_is_misdirected_before_the_body_is_read(app: Application, bus: Bus, host: bytes) -> None:
    """The body is announced and never sent: who waited for it would hang."""
    async with served(app) as address:
        head = b"POST /api/t/held HTTP/1.1\r\n" + host + b"Content-Length: 500\r\n\r\n"
        assert status_of(await raw(address, head)) == 421
    assert await count(bus) == 0


@pytest.mark.parametrize("target", [b"http://evil.example/", b"http://localhost/", b"//evil.example/", b"*"])
async def test_a_target_that_is_no_path_reaches_nothing(app: Application, target: bytes) -> None:
    async with served(app) as address:
        answer = await raw(address, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status_of(answer) in (400, 404)


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "LOCALHOST:6767", "127.0.0.1:8080", "[::1]:6767"])
async def test_localhost_is_ours_at_any_port(app: Application, host: str) -> None:
    async with client_of(app) as client:
        assert (await client.get("/api/workspace", headers={"host": host})).status_code == 200


async def test_an_allowed_host_is_ours_by_exact_name(make_app: MakeApp) -> None:
    async with client_of(make_app(allowed_hosts=("Box.lan",))) as client:
        assert (await client.get("/", headers={"host": "box.lan:6767"})).status_code == 200
        refused = await client.get("/", headers={"host": "a.box.lan"})
        assert refused.status_code == 421
        assert "--allowed-host a.box.lan" in refused.json()["detail"]


FOREIGN: list[dict[str, str]] = [
    {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:3000"},
    {"origin": "https://localhost:6767"}, {"origin": "http://localhost"}, {"origin": "http://127.0.0.1:6767"},
    {"origin": "http://localhost:6767.evil.example"}, {"origin": "file://"}, {"origin": ""},
    {"origin": "http://localhost:6767/"}, {"origin": "http://user@localhost:6767"},
    {"origin": "chrome-extension://abc"}, {"origin": "http://localhost:6767, http://evil.example"},
    {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "nonsense"},
    {"sec-fetch-site": ""}, {"sec-fetch-site": "same-origin, none"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/t/held"), ("GET", "/api/workspace"), ("GET", "/metrics")])
async def test_a_foreign_page_is_refused(
    app: Application, bus: Bus, method: str, path: str, headers: dict[str, str]
) -> None:
    async with client_of(app) as client:
        answer = await client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert await count(bus) == 0


async def test_two_origins_are_none(app: Application) -> None:
    async with served(app) as address:
        twice = b"Origin: http://localhost\r\nOrigin: http://localhost\r\n"
        answer = await raw(address, b"POST /api/t/held HTTP/1.1\r\nHost: localhost\r\n" + twice + b"\r\n")
    assert status_of(answer) == 403


ALLOWED: list[dict[str, str]] = [
    {}, {"origin": OURS, "sec-fetch-site": "same-origin"}, {"origin": OURS, "content-type": "text/plain"},
    {"content-type": "application/x-www-form-urlencoded"}, {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"user-agent": "node"}, {"origin": OURS.upper().replace("HTTP", "http")},
]  # fmt: skip


@pytest.mark.parametrize("headers", ALLOWED)
async def test_the_references_calls_pass_as_they_stand(app: Application, headers: dict[str, str]) -> None:
    async with client_of(app) as client:
        assert (await client.post("/api/t/held", content=b'{"id":"a"}', headers=headers)).status_code == 202


async def test_a_link_elsewhere_opens_a_page_but_no_data(app: Application) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    async with client_of(app) as client:
        assert (await client.get("/ui", headers=link)).status_code == 200
        assert (await client.get("/api/workspace", headers=link)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/ui/", "/ui"),
        ("/ui//", "/ui"),
        ("/ui/tasks/?q=a%20b&q=//evil.example", "/ui/tasks?q=a%20b&q=//evil.example"),
        ("/ui/tasks/?a=%0d%0aSet-Cookie:x&b=%C3%A9", "/ui/tasks?a=%0d%0aSet-Cookie:x&b=%C3%A9"),
        ("/login/", "/login"),
    ],
)
async def test_a_pages_address_with_a_slash_behind_leads_to_the_page(make_app: MakeApp, asked: str, place: str) -> None:
    """People type it: it was 404, as JSON."""
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    async with client_of(make_app(exposed=True)) as client:
        for method in ("GET", "HEAD"):
            moved = await client.request(method, asked, headers=link if method == "GET" else {})
            assert (moved.status_code, moved.headers["location"]) == (308, place)


async def test_nothing_but_a_page_is_led_to(app: Application) -> None:
    async with client_of(app) as client:
        for method, path in [
            ("GET", "//"), ("GET", "//evil.example/"), ("GET", "/api/workspace/"), ("GET", "/ui/nowhere/"),
            ("GET", "/ui/tasks.js/"), ("GET", "/x//ui/"), ("POST", "/ui/"), ("DELETE", "/ui/tasks/"),
        ]:  # fmt: skip
            answer = await client.request(method, f"http://localhost{path}")
            assert (answer.status_code, answer.headers.get("location")) == (404, None), path


async def test_an_allowed_origin_may_read_and_others_may_not(make_app: MakeApp) -> None:
    page = "http://localhost:3000"
    async with client_of(make_app(allow_origins=(page,))) as client:
        answer = await client.get("/api/workspace", headers={"origin": page})
        assert answer.headers["access-control-allow-origin"] == page
        asked = {"origin": page, "access-control-request-method": "POST"}
        preflight = await client.options("/api/t/held", headers=asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, page)
        assert (await client.get("/api/workspace", headers={"origin": "http://localhost:3001"})).status_code == 403


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via", "CF-Ray", "X-Forwarded"],
)
async def test_who_comes_through_a_tunnel_is_not_the_owner(app: Application, token: TokenMaker, header: str) -> None:
    through = {header: "for=1.2.3.4"}
    async with client_of(app) as client:
        assert (await client.get("/api/workspace", headers=through)).status_code == 401
        bearer = {"authorization": f"Bearer {await token(READ)}"}
        assert (await client.get("/api/workspace", headers={**through, **bearer})).status_code == 200


async def test_a_trusted_proxy_tells_who_is_local(make_app: MakeApp) -> None:
    async with client_of(make_app(trust_proxy=True)) as client:
        for peer, status in (("10.0.0.9", 401), ("127.0.0.1, 10.0.0.9", 401), ("127.0.0.1", 200)):
            answer = await client.get("/api/workspace", headers={"x-forwarded-for": peer})
            assert answer.status_code == status


INVALID = ["Bearer nw_aaaaaaaaaaaa_" + "a" * 43, "Bearer ", "Bearer x", "Basic eDp5", "nw_x", "Bearer é"]


@pytest.mark.parametrize("authorization", INVALID)
@pytest.mark.parametrize("path", ["/api/workspace", "/", "/healthz", "/api/t/held", "/nowhere"])
async def test_an_invalid_token_never_falls_back_to_the_owner(app: Application, authorization: str, path: str) -> None:
    async with client_of(app) as client:
        method = "POST" if path.endswith("held") else "GET"
        answer = await client.request(method, path, headers={"authorization": authorization.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_weak_token_weakens_the_owner(app: Application, token: TokenMaker) -> None:
    async with client_of(app, headers={"authorization": f"Bearer {await token(READ)}"}) as client:
        answer = await client.post("/api/t/held")
    assert answer.status_code == 403
    assert WORKSPACES_WRITE in answer.json()["detail"]


async def test_guessing_is_cut_off_but_a_known_token_still_works(make_app: MakeApp, token: TokenMaker) -> None:
    good = {"authorization": f"Bearer {await token()}"}
    async with client_of(make_app(exposed=True)) as client:
        statuses = []
        for number in range(12):
            await client.get("/api/workspace", headers=good)
            wrong = {"authorization": f"Bearer nw_aaaaaaaaaaaa_{number:043}"}
            statuses.append((await client.get("/api/workspace", headers=wrong)).status_code)
        assert statuses == [401] * 10 + [429] * 2
        answer = await client.get("/api/workspace", headers=wrong)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert (await client.get("/api/workspace", headers=good)).status_code == 200
        unseen = {"authorization": f"Bearer {await token()}"}  # behind a shared address all would be locked out
        assert (await client.get("/api/workspace", headers=unseen)).status_code == 200
        assert (await client.get("/api/workspace", headers=wrong)).status_code == 429


async def test_websockets_pass_the_same_guard_and_find_nothing(app: Application) -> None:
    for host, status in ((b"localhost", "websocket.close"), (b"evil.example", "websocket.close")):
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/api/internal/pubsub/events",
            "headers": [(b"host", host)],
        }
        await app(scope, receive, send)
        assert [message["type"] for message in sent] == [status]


async def test_denials_are_audited_but_never_flood(make_app: MakeApp, bus: Bus) -> None:
    app = make_app(require_token=True)
    async with client_of(app) as client:
        for _ in range(50):
            await client.get("/api/workspace")
    await app.aclose()
    lines = (await bus.audit.list(None, limit=100))["items"]
    assert {line["action"] for line in lines} == {"request.denied"}
    assert 1 <= len(lines) <= 11
    assert lines[0]["target"] == "GET /api/workspace"


def endpoints(app: Application) -> list[Endpoint]:
    """Every route there is."""
    return app.routes


def address(endpoint: Endpoint) -> str:
    """A path that fits a route."""
    return endpoint.path.replace("{id}", "absent")


PERMISSIONS: tuple[Permission, ...] = (READ, WORKSPACES_WRITE, TASKS_WRITE)


async def test_every_route_declares_a_permission_and_refuses_who_lacks_it(make_app: MakeApp, token: TokenMaker) -> None:
    """S7: generated over the whole table, so that a route that comes later is in it."""
    app = make_app(exposed=True)
    for endpoint in endpoints(app):
        if endpoint.permission == PUBLIC:
            assert endpoint.tag in ("health", "pages", "sessions"), endpoint.path
            continue
        assert endpoint.permission in PERMISSIONS, endpoint.path
        others = [permission for permission in PERMISSIONS if permission != endpoint.permission]
        weak = f"Bearer {await token(*others)}"
        async with client_of(app) as client:
            nobody = await client.request(endpoint.method, address(endpoint))
            assert nobody.status_code == 401, endpoint.path
            refused = await client.request(endpoint.method, address(endpoint), headers={"authorization": weak})
            assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing"), endpoint.path
            assert endpoint.permission in refused.json()["detail"]


async def test_a_route_without_permission_can_not_be_made(app: Application) -> None:
    with pytest.raises(ValueError, match="no permission"):
        Endpoint(method="GET", path="/x", app=app, permission="", summary="x")


async def test_a_foreign_workspace_is_as_absent_as_one_that_never_was(
    make_app: MakeApp, bus: Bus, token: TokenMaker
) -> None:
    """S14: the same status, body and headers, but for the request's own id."""
    own = await bus.workspaces.create("own", "test")
    await bus.workspaces.create("foreign", "test")
    bearer = f"Bearer {await token(workspaces=frozenset((own.id,)))}"
    async with client_of(make_app(), headers={"authorization": bearer}) as client:
        assert (await client.get("/api/workspace")).json()["name"] == "own"
        answers = [
            await client.get("/api/workspace", headers={"x-workspace": name})
            for name in ("foreign", "absent", "default")
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
        bodies = [{**answer.json(), "request_id": ""} for answer in answers]
        assert bodies[0] == bodies[1] == bodies[2]
        published = await client.post("/api/t/held")
        assert published.status_code == 202
    async with client_of(make_app()) as client:
        assert (await client.get(published.headers["location"])).status_code == 404
        seen = await client.get(published.headers["location"], headers={"x-workspace": "own"})
        assert seen.status_code == 200


async def dump(bus: Bus) -> Any:
    """Every row of every table."""
    names = [row[0] for row in await bus.store.read(Statement("SELECT name FROM sqlite_master WHERE type = 'table'"))]
    return {name: [tuple(row) for row in await bus.store.read(Statement(f"SELECT * FROM {name}"))] for name in names}


async def test_reading_methods_change_nothing(app: Application, bus: Bus) -> None:
    """S3: every address, every reading method, every combination of fetch metadata."""
    before = await dump(bus)
    metadata: list[dict[str, str]] = [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": OURS},
    ]
    async with client_of(app) as client:
        for endpoint in endpoints(app):
            for method in ("GET", "HEAD", "OPTIONS"):
                if method == "GET" and endpoint.path.endswith("/events"):
                    continue  # an open stream; HEAD shows its headers
                for headers in metadata:
                    answer = await client.request(method, address(endpoint), headers=headers)
                    assert answer.status_code < 500, (method, endpoint.path)
    assert await dump(bus) == before


async def test_every_answer_has_the_security_headers(app: Application) -> None:
    async with served(app) as place:
        for request in (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"POST /api/t/held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{",
        ):
            head = (await raw(place, request)).partition(b"\r\n\r\n")[0].lower()
            for wanted in (
                b"content-security-policy: default-src 'none'",
                b"nosniff",
                b"no-store",
                b"no-referrer",
            ):
                assert wanted in head, request


async def test_a_session_cookie_is_bound_to_its_port_and_hidden_from_scripts(make_app: MakeApp) -> None:
    app = make_app(exposed=True, port=7001)
    ticket = await app.people.sessions.ticket(LOCAL)
    async with client_of(app) as client:
        answer = await client.post("/login", json={"ticket": ticket})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("nw_s_7001=nws_")
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert (await client.post("/login", json={"ticket": ticket})).status_code == 401
        value = {"cookie": cookie.partition(";")[0]}
        assert (await client.get("/api/workspace", headers=value)).status_code == 200
        beside = {"cookie": f"broken cookie@; {value['cookie']}; nw_s_6767=other"}
        assert (await client.get("/api/workspace", headers=beside)).status_code == 200
        planted = {"cookie": f"{value['cookie']}; {value['cookie']}x"}
        assert (await client.get("/api/workspace", headers=planted)).status_code == 401
        assert (await client.post("/logout", headers=value)).status_code == 200
        assert (await client.get("/api/workspace", headers=value)).status_code == 401


async def test_a_token_can_not_mint_a_stronger_one(app: Application, token: TokenMaker) -> None:
    bearer = f"Bearer {await token(WORKSPACES_WRITE)}"
    async with client_of(app, headers={"authorization": bearer}) as client:
        answer = await client.post("/api/tokens", json={"name": "x", "permissions": [WORKSPACES_WRITE, READ]})
        assert (answer.status_code, READ in answer.json()["detail"]) == (403, True)
        assert (
            await client.post("/api/tokens", json={"name": "x", "permissions": [WORKSPACES_WRITE]})
        ).status_code == 201
        planted = {"name": "x", "permissions": [WORKSPACES_WRITE], "id": "a", "hash": "b"}
        assert (await client.post("/api/tokens", json=planted)).status_code == 422


async def count(bus: Bus) -> int:
    """Messages stored so far."""
    await asyncio.sleep(0)
    return int((await bus.store.read(Statement("SELECT count(*) FROM messages")))[0][0])
