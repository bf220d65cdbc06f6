"""Canary secrets (S17): what was presented, made or raised is found nowhere afterwards, in whatever encoding."""

import base64
import contextlib
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
from crash_serve import publish, serving

LOOKS = ("Bearer {}", "https://me:{}@mail.example/", "xoxb-{}", "ghp_{}", "sk-{}", "https://x.example/?token={}")
"""How secrets look in the texts of exceptions."""


def canary() -> str:
    """Letters and digits that stand nowhere by chance."""
    return secrets.token_hex(20)


def encodings(secret: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which it could be written."""
    raw = secret.encode()
    yield "plain", raw
    for shift in range(3):  # base64 of three letters each: by where it begins, and without its ends
        yield f"base64 from {shift}", base64.b64encode(b"x" * shift + raw)[4:-4]
    yield "hex", raw.hex().encode()
    yield "percent", "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "quoted", quote(secret, safe="").encode()
    yield "reversed", raw[::-1]
    yield "utf-16", secret.encode("utf-16-le")


def inflated(content: bytes) -> bytes:
    """The content, and what is compressed in it."""
    found, place = [content], content.find(b"\x1f\x8b\x08")
    while place >= 0:
        with contextlib.suppress(zlib.error):  # three bytes that only look like the beginning of something
            found.append(zlib.decompressobj(31).decompress(content[place:]))
        place = content.find(b"\x1f\x8b\x08", place + 1)
    return b"\n".join(found)


def hits(secrets_of: dict[str, str], places: dict[str, bytes]) -> list[str]:
    """Which secret stands where, and how."""
    return [
        f"{name} in {place} ({encoding})"
        for place, content in places.items()
        for whole in (inflated(content),)
        for name, secret in secrets_of.items()
        for encoding, form in encodings(secret)
        if form in whole
    ]


def test_the_search_finds_what_is_there() -> None:
    """Else its silence would mean nothing."""
    secret = canary()
    text = f"of {secret}!".encode()
    hidden = zlib.compressobj(wbits=31)
    written = {
        "plain": text, "base64": base64.b64encode(text), "hex": text.hex().encode(), "reversed": text[::-1],
        "utf-16": text.decode().encode("utf-16-le"), "gzip": b"before" + hidden.compress(text) + hidden.flush(),
    }  # fmt: skip
    for place, content in written.items():
        assert hits({"it": secret}, {place: content}), place
    assert hits({"it": secret}, {"nothing": b"of nothing"}) == []


def process_tree(pid: int) -> dict[str, bytes]:
    """Command lines of a process and its children, and the environments of the children."""
    found = {f"cmdline of {pid}": Path(f"/proc/{pid}/cmdline").read_bytes()}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found |= {f"{name} of {child}": Path(f"/proc/{child}/{name}").read_bytes() for name in ("cmdline", "environ")}
    return found


def attempt(client: httpx2.Client, known: dict[str, str]) -> dict[str, bytes]:
    """Present the wrong secrets in every way; the answers."""
    wrong = {
        "bearer": {"Authorization": f"Bearer {known['bearer']}"},
        "basic": {"Authorization": f"Basic {base64.b64encode(known['basic'].encode()).decode()}"},
        "ours": {"Authorization": f"Bearer nw_{'a' * 12}_{known['ours']}"},
        "odd": {"Authorization": known["odd"]},
        "cookie": {"Cookie": f"nw_s_{client.base_url.port}={known['cookie']}"},
    }
    answers = {name: client.get("/api/workspace", headers=headers) for name, headers in wrong.items()}
    answers["ticket"] = client.post("/login", json={"ticket": known["ticket"]})
    answers["login"] = client.post("/login", json={"token": known["login"]})
    assert all(400 <= answer.status_code < 500 for answer in answers.values()), answers
    return {f"answer to {name}": _whole(answer) for name, answer in answers.items()}


def _whole(answer: httpx2.Response) -> bytes:
    return repr(answer.headers.multi_items()).encode() + answer.content


def test_s17_no_secret_is_found_anywhere(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    names = ("bearer", "basic", "odd", "cookie", "ticket", "login", "setting", *LOOKS)
    known = {name: canary() for name in names} | {"ours": secrets.token_urlsafe(32)}
    (data / "needlework.toml").write_text('[secrets]\nslack = { env = "CANARY_SETTING" }\n')
    os.environ["CANARY_SETTING"] = known["setting"]
    os.environ["SLOWLY_LEAK"] = " and ".join(look.format(known[look]) for look in LOOKS)
    try:
        with serving(data, tmp_path, log_level="debug") as (one, url), httpx2.Client(base_url=url) as client:
            made = client.post("/api/tokens", json={"name": "laptop", "permissions": ["permissionRead"]}).json()
            known["made"] = made["token"][-43:]
            known["spent"] = client.post("/api/tickets", json={}).json()["ticket"][-43:]
            session = client.post("/login", json={"token": made["token"]}).headers["set-cookie"]
            known["session"] = session.partition("=")[2].partition(";")[0][-43:]
            client.cookies.clear()
            places = attempt(client, known)
            good = {"Authorization": f"Bearer {made['token']}"}
            ident = publish(client, "slowly.wrong", how="leak")
            events = client.get(f"/api/internal/pubsub/messages/{ident}/events")
            assert b"RuntimeError" in events.content
            places["events"] = _whole(events)
            for path in (f"/api/internal/pubsub/messages/{ident}", "/api/internal/pubsub/messages", "/api/tokens",
                         f"/api/internal/pubsub/messages/{ident}/explain", "/metrics", "/openapi.json", "/healthz",
                         "/api/internal/dead", "/api/audit", "/api/workspace"):  # fmt: skip
                places[path] = _whole(client.get(path, headers=good))
            places |= process_tree(one.process.pid)
            running = {path.name: path.read_bytes() for path in data.rglob("*") if path.is_file()}
            assert {"needlework.db", "needlework.db-wal", "needlework.db.mark"} <= set(running)
            one.signal(15)
            one.wait(15)
            places |= running | {"log": one.err.encode(), "output": one.out.encode()}
            places |= {f"{path.name} at rest": path.read_bytes() for path in data.rglob("*") if path.is_file()}
    finally:
        del os.environ["CANARY_SETTING"], os.environ["SLOWLY_LEAK"]
    assert hits(known, places) == []
    readable = [str(path) for path in data.rglob("*") if path.name != "needlework.toml" and path.stat().st_mode & 0o077]
    assert readable == []
