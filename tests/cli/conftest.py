"""A server that the tests script: requests in, prepared answers out, and a client that is connected to it."""

from collections.abc import Callable
from typing import Any

import click
import httpx2
import msgspec
import pytest
from click.testing import CliRunner, Result
from needlework.cli.client import Client
from needlework.cli.main import main

Answer = Callable[[httpx2.Request], httpx2.Response]


class Script:
    """What the server was asked, and what it answers: the next of `answers`, then the last one for ever."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answers: list[Answer] = []
        self.pauses: list[float] = []

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        content = msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(lambda request: httpx2.Response(status, content=content, headers=named))

    def streams(self, *parts: bytes, breaks: bool = False) -> None:
        """Answer with an event stream, which may break off."""
        headers = {"Content-Type": "text/event-stream"}
        self.answers.append(lambda request: httpx2.Response(200, stream=_Parts(parts, breaks), headers=headers))

    def raises(self, error: type[Exception]) -> None:
        """Fail as the network does."""

        def fail(request: httpx2.Request) -> httpx2.Response:
            raise error("scripted")

        self.answers.append(fail)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Take one request."""
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request)

    def client(self, url: str = "http://127.0.0.1:6767", token: str | None = None, space: str | None = None) -> Client:
        """A client whose network is this script and whose waiting is only noted down."""
        return Client(url, token, space, transport=httpx2.MockTransport(self.handle), pause=self.pauses.append)

    def sent(self, number: int = -1) -> Any:
        """The JSON body of a request."""
        return msgspec.json.decode(self.requests[number].content)

    def __call__(self, *words: str, input: str | None = None) -> Result:
        """Run `needlework …` against this server."""
        command: click.Command = main
        return CliRunner().invoke(command, list(words), obj=self.client, input=input)


class _Parts(httpx2.SyncByteStream):
    def __init__(self, parts: tuple[bytes, ...], breaks: bool) -> None:
        self.parts, self.breaks = parts, breaks

    def __iter__(self) -> Any:
        yield from self.parts
        if self.breaks:
            raise httpx2.ReadError("scripted")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Script:
    """A scripted server, and no variable of this machine that would change a command."""
    for name in ("URL", "TOKEN", "WORKSPACE", "DATA"):
        monkeypatch.delenv(f"NEEDLEWORK_{name}", raising=False)
    return Script()
