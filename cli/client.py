"""The connection to a running server: one place for addresses, tokens, repeats and errors."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import msgspec
from needlework.cli.show import Failure
from needlework.cli.stream import Broken, Stream

DEFAULT_URL = "http://127.0.0.1:6767"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BARE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}(/|$)")
"""`127.0.0.1:6767`: an address whose scheme goes without saying."""
_UNIX = "unix:"
_ATTEMPTS = 3
_LONGEST_WAIT = 30


def quoted(part: str) -> str:
    """A word from the command line as one segment of a path."""
    return quote(part, safe="")


class Unreachable(Failure):
    """No server answers at the address."""


class Silent(Failure):
    """A server took the call and did not answer in time: it hangs, or is stopped."""


class Refused(Failure):
    """The server answered with an error."""

    def __init__(self, status: int, what: str, *hints: str) -> None:
        super().__init__(what, *hints)
        self.status = status


class Client:
    """Calls a server. Every POST carries an idempotency key, so that a repeat does nothing twice."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | None = None,
        workspace: str | None = None,
        *,
        transport: httpx2.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = ("http://" + url if _BARE.match(url) else url).rstrip("/")
        self.pause = pause
        self.patience = 35.0
        """Seconds for an answer; the server itself waits at most 25 s."""
        base = self.url
        if self.url.startswith(_UNIX):
            base, path = "http://localhost", self.url.removeprefix(_UNIX)
            transport = transport or httpx2.HTTPTransport(uds=path.removeprefix("//"))
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(f"{url!r} is not an address", f"write for example {DEFAULT_URL}")
        headers = {"User-Agent": "needlework-cli", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if workspace:
            headers["X-Workspace"] = workspace
        self._http = httpx2.Client(
            base_url=base,
            headers=headers,
            timeout=httpx2.Timeout(self.patience, connect=5.0),
            trust_env=parts.hostname not in _LOOPBACK,  # no proxy between us and this machine
            transport=transport,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that GET `path` answers; query values that are None are left out."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None, prefer: str | None = None) -> Any:
        """The JSON that POST `path` answers; `key` is its idempotency key (a fresh one where None)."""
        return self.call("POST", path, body=body, key=key or f"cli-{uuid.uuid4()}", prefer=prefer)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Any = None,
        body: Any = None,
        key: str | None = None,
        prefer: str | None = None,
    ) -> Any:
        """One request, repeated with the same key where the connection broke. Raises Failure."""
        headers = {"Idempotency-Key": key} if key else {}
        if prefer is not None:
            headers["Prefer"] = prefer
        if body is not None:
            headers["Content-Type"] = "application/json"
        params = {name: value for name, value in (query or {}).items() if value is not None}
        content = msgspec.json.encode(body) if body is not None else None
        timeout = httpx2.Timeout(self.patience, connect=5.0)
        unknown = () if method == "GET" else ("whether it was done is unknown; see: needlework messages list",)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._http.request(
                    method, path, params=params, headers=headers, content=content, timeout=timeout
                )
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                raise self._unreachable(error) from None
            except httpx2.TimeoutException:  # who hangs answers a repeat no sooner
                what = f"{method} {path}: {self.url} gave no answer within {self.patience:.0f} s"
                raise Silent(what, *unknown, "is it stopped, or busy? needlework doctor") from None
            except httpx2.TransportError as error:
                if attempt == _ATTEMPTS or (method != "GET" and key is None):
                    what = f"{method} {path}: the connection to {self.url} broke: {_reason(error)}"
                    raise Failure(what, *unknown) from None
                self.pause(0.2 * attempt)
                continue
            wait = _retry_after(response)
            if wait is None or attempt == _ATTEMPTS:
                return _body(response, method, path)
            self.pause(wait)
        raise AssertionError("unreachable")

    def events(self, path: str, *, after: str | None = None) -> Iterator[httpx2.ServerSentEvent]:
        """The events of a stream until its end; a broken connection is resumed where it broke."""

        def refused(response: httpx2.Response) -> None:
            _body(response, "GET", path)

        try:
            yield from Stream(self._http, path, after, refused, self.pause)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise self._unreachable(error) from None
        except httpx2.TransportError as error:
            raise Failure(f"GET {path}: the connection to {self.url} broke: {_reason(error)}") from None
        except Broken as error:
            raise Failure(str(error), "the work goes on; look again with: needlework watch") from None

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"needlework is not running at {self.url} ({_reason(error)})",
            "start it with: needlework serve",
            "or name another address: --url or NEEDLEWORK_URL",
        )


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds to wait where the server asks for a moment's patience; None for any other answer."""
    text = response.headers.get("Retry-After", "")
    if response.status_code not in (429, 503) or not text.isdigit() or int(text) > _LONGEST_WAIT:
        return None
    return float(text)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _body(response: httpx2.Response, method: str, path: str) -> Any:
    """The answer's JSON; a problem document or anything else but success becomes a Failure."""
    try:
        content = msgspec.json.decode(response.content) if response.content.strip() else None
    except (msgspec.DecodeError, ValueError, RecursionError):
        if response.is_success:
            raise Failure(f"{method} {path}: the answer is not JSON", "is another program listening there?") from None
        content = None
    if response.is_success:
        return content
    raise problem(content if isinstance(content, dict) else {}, response.status_code, f"{method} {path}")


def problem(content: dict[str, Any], status: int, where: str) -> Refused:
    """A problem document as one clear line and its hints."""
    detail = content.get("detail") or content.get("title") or "the server refused"
    code = content.get("code")
    hints = [
        f"{wrong.get('field')}: {wrong.get('message')}" + (f" ({wrong['hint']})" if wrong.get("hint") else "")
        for wrong in content.get("errors") or ()
        if isinstance(wrong, dict) and (wrong.get("hint") or str(wrong.get("message")) not in str(detail))
    ]
    if content.get("hint"):
        hints.append(str(content["hint"]))
    if status == 401:
        hints.append("give a token: --token or NEEDLEWORK_TOKEN")
        hints.append(
            "make one where the server's data is, DIR being its data directory: needlework token create NAME --data DIR"
        )
    if code is None:
        hints.append("that is no answer of needlework's: is another program there, or a proxy that cannot reach it?")
    if code == "unknown_topic":
        hints.append("all there are: needlework topics")
    return Refused(status, f"{detail} [{status}{f' {code}' if code else ''}] at {where}", *hints)
