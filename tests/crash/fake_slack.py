"""A Slack over real HTTP on 127.0.0.1 that keeps what it was sent, and misbehaves as it is told."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

from needlework.tests.fakes import Answering, served

Behaviour = Callable[["FakeSlack", str, dict[str, Any]], str]


class FakeSlack:
    """Channels with their messages. `behave` decides each call: `ok`, `429:SECONDS`, `no:ERROR`, `raw:STATUS:BODY`,

    `drop` (does nothing and hangs up), `lost` (does it and hangs up), `hang` (does it, stays silent), `huge`, `gzip`.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.channels: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tokens: set[str] = set()
        self.behave: Behaviour = lambda slack, method, fields: "ok"
        self.closing = threading.Event()
        self._count = 0

    def script(self, *outcomes: str) -> None:
        """These outcomes one after the other, then `ok`."""
        left = list(outcomes)
        self.behave = lambda slack, method, fields: left.pop(0) if left else "ok"

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def deliveries(self, channel: str = "C01") -> list[str]:
        """The ids of the deliveries that the messages of a channel carry."""
        return [each["metadata"]["event_payload"]["delivery_id"] for each in self.channels.get(channel, [])]

    def do(self, method: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Carry a call out, as Slack does."""
        channel = self.channels.setdefault(fields["channel"], [])
        if method == "chat.postMessage":
            self._count += 1
            message = {"ts": f"1700000000.{self._count:06d}", **fields}
            channel.append(message)
            return {"ok": True, "channel": fields["channel"], "ts": message["ts"]}
        if method == "chat.update":
            for message in channel:
                if message["ts"] == fields["ts"]:
                    message.update(fields)
                    return {"ok": True, "channel": fields["channel"], "ts": message["ts"]}
            return {"ok": False, "error": "message_not_found"}
        newest = list(reversed(channel))
        start, size = int(fields.get("cursor", 0)), 2
        after = {"next_cursor": str(start + size)} if start + size < len(newest) else {"next_cursor": ""}
        return {"ok": True, "messages": newest[start : start + size], "response_metadata": after}


class _Handler(Answering):
    slack: FakeSlack

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:  # noqa: N802 - http.server names it
        """One call of the Web API."""
        slack, method = self.slack, self.path.rsplit("/", 1)[-1]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"].startswith("application/json"):
            fields = json.loads(body)
        else:
            fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        with slack.lock:
            slack.calls.append((method, fields))
            slack.tokens.add(self.headers.get("Authorization", ""))
            how, _, rest = slack.behave(slack, method, fields).partition(":")
            done = slack.do(method, fields) if how in ("ok", "lost", "hang") else None
        if how == "ok":
            self.answer(200, json.dumps(done).encode())
        elif how == "no":
            self.answer(200, json.dumps({"ok": False, "error": rest}).encode())
        elif how == "429":
            self.answer(429, b"{}", {"Retry-After": rest} if rest else {})
        elif how == "raw":
            status, _, text = rest.partition(":")
            self.answer(int(status), text.encode(), {"Location": "http://127.0.0.1:9/"} if status == "302" else {})
        elif how == "huge":
            self.answer(200, b" " * (5 * 1024 * 1024))
        elif how == "gzip":
            self.answer(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})
        elif how == "hang":
            slack.closing.wait(20)
        self.close_connection = True


@contextlib.contextmanager
def fake_slack() -> Iterator[tuple[FakeSlack, str]]:
    """A running one, and its base address."""
    slack = FakeSlack()
    with served(type("Handler", (_Handler,), {"slack": slack})) as address:
        try:
            yield slack, f"{address}/api/"
        finally:
            slack.closing.set()  # calls that hang
