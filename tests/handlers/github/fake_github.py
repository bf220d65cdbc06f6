"""A GitHub over real HTTP on 127.0.0.1 that keeps the issues it was asked for, and misbehaves as it is told."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from needlework.bus.peers import Peer
from needlework.tests.fakes import Answering, served

PAGE = 2
"""Issues a page, so that more than one page is read."""


class FakeGitHub:
    """Repositories with their issues. `script` says what becomes of each call, one after the other, then `ok`:

    `ok`, `STATUS` (nothing is done), `STATUS Header=value message=two_words`, `drop` (nothing is done, no answer),
    `lost` (it is done, no answer), `hang` (it is done, and silence), `garbage` (it is done, and no JSON).
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.issues: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self.closing = threading.Event()
        self._left: list[str] = []

    def script(self, *outcomes: str) -> None:
        """These outcomes one after the other, then `ok`."""
        self._left = list(outcomes)

    def outcome(self, method: str) -> str:
        """What becomes of this call."""
        self.calls.append(method)
        return self._left.pop(0) if self._left else "ok"

    def create(self, repository: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Open an issue, as GitHub does."""
        known = self.issues.setdefault(repository, [])
        number = len(known) + 1
        known.append({"number": number, "html_url": f"https://github.com/{repository}/issues/{number}", **fields})
        return known[-1]

    def page(self, repository: str, page: int) -> list[dict[str, Any]]:
        """A page of issues, the newest first. A full page has 100, of which all but a few are somebody else's."""
        newest = self.issues.get(repository, [])[::-1]
        own = newest[(page - 1) * PAGE : page * PAGE]
        more = len(newest) > page * PAGE
        return own + [{"number": 9_000 + at, "body": None} for at in range(100 - len(own) if more else 0)]


class _Handler(Answering):
    github: FakeGitHub

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:  # noqa: N802 - http.server names it
        """Open an issue."""
        self._serve("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:  # noqa: N802 - http.server names it
        """List issues."""
        self._serve("GET", None)

    def _serve(self, method: str, fields: dict[str, Any] | None) -> None:
        github, parts = self.github, urlsplit(self.path)
        repository = parts.path.removeprefix("/api/repos/").removesuffix("/issues")
        with github.lock:
            how, *headers = github.outcome(method).split()
            github.tokens.add(self.headers.get("Authorization", ""))
            done: Any = None
            if how in ("ok", "lost", "hang", "garbage"):
                page = int(parse_qs(parts.query).get("page", ["1"])[0])
                done = github.page(repository, page) if fields is None else github.create(repository, fields)
        if how == "ok":
            self.answer(200 if fields is None else 201, json.dumps(done).encode())
        elif how == "garbage":
            self.answer(201, b"<html>")
        elif how.isdecimal():
            given = dict(each.split("=", 1) for each in headers)
            said = given.pop("message", "no").replace("_", " ")
            wrong = {"message": said, "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}]}
            self.answer(int(how), json.dumps(wrong).encode(), given)
        elif how == "hang":
            github.closing.wait(20)
        self.close_connection = True


@contextlib.contextmanager
def fake_github() -> Iterator[tuple[FakeGitHub, str]]:
    """A running one, and its base address."""
    github = FakeGitHub()
    with served(type("Handler", (_Handler,), {"github": github})) as address:
        try:
            yield github, f"{address}/api/"
        finally:
            github.closing.set()  # calls that hang


@contextlib.contextmanager
def github_of(desk: Any) -> Iterator[FakeGitHub]:
    """The GitHub of a desk's default workspace."""
    with fake_github() as (fake, address):
        desk.bus.controls.peers["github", "default"] = Peer(address, lambda: "ghp-test")
        yield fake
