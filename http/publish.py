"""`POST /api/internal/pubsub/publish`: one message, or a list that is stored whole or not at all.

The hot path of the service, hence a plain ASGI app: a body is scanned, decoded into its topic's record,
handed to the bus, and answered. Everything that explains a mistake runs only after one was found.
"""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.errors import FieldError, NotPublishable, UnknownTopic
from needlework.bus.messages import Message
from needlework.bus.publishing import STEP
from needlework.bus.records import Publication, Receipt
from needlework.bus.registry import Topic
from needlework.http import preferences
from needlework.http.bodies import BLANK, arrived_body, aside, check_depth, clean, decode, read_body
from needlework.http.explain import explain
from needlework.http.fields import MOST
from needlework.http.merge import is_filled, is_object, members, merge
from needlework.http.moments import Shown, WrongTime, parse_moment
from needlework.http.outgoing import send_json
from needlework.http.problems import Problem
from needlework.http.replies import replayed_headers
from needlework.http.routes import Caller
from needlework.http.settings import HttpSettings
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_FARTHEST = 366 * 86_400 * SECOND
_FEW = 32
"""Names up to which each is sought in the text of the data, rather than taking it apart."""
_EMPTY = msgspec.Raw(b"{}")


class Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A publish on the wire. `key` and `data` both fill the topic's record."""

    topic: str
    key: msgspec.Raw = _EMPTY
    data: msgspec.Raw = _EMPTY
    deliver_after: int | float | str | None = None
    force: bool = False


class Publishing(msgspec.Struct, forbid_unknown_fields=True):
    """An Envelope for the documents, which can't express raw JSON."""

    topic: str
    key: dict[str, Any] = {}
    data: dict[str, Any] = {}
    deliver_after: int | float | str | None = None
    force: bool = False


class Published(msgspec.Struct, omit_defaults=True):
    """The acknowledgement: the message is committed and on disk."""

    id: str
    published: str
    topic: str
    deliver_after: str | None = None
    deduplicated: bool = False


class _Wrong(Exception):
    """One envelope can't be published; `status` is that of a single publish."""

    def __init__(self, status: int, code: str, errors: list[FieldError], detail: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.errors = status, code, errors
        self.detail = detail or "; ".join(f"{error.field} {error.message}" for error in errors)


_decode_one = msgspec.json.Decoder(Envelope).decode
_decode_many = msgspec.json.Decoder(list[Envelope]).decode
_encode = msgspec.json.Encoder().encode


class Publish:
    """The ASGI app of the publish route."""

    def __init__(self, bus: "Bus", settings: HttpSettings) -> None:
        self._bus, self._settings = bus, settings
        self._shown = Shown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller = scope["caller"]
        if scope["query_string"]:
            raise Problem(422, "unknown_parameter", "publish takes no query parameters")
        key = preferences.idempotency_key(scope["request_headers"])
        trace = preferences.traceparent(scope["request_headers"])
        limit = self._settings.body_limit
        body = arrived_body(scope, limit)
        if body is None:
            body = await read_body(receive, limit, self._settings.body_timeout)
        body = await aside(body, clean, body)
        answer: Any
        if body[:1] == b"[" or body.lstrip(BLANK)[:1] == b"[":
            receipts = await self._publish_many(body, caller, key, trace)
            answer = []
            for number, receipt in enumerate(receipts):
                if number % STEP == STEP - 1:
                    await asyncio.sleep(0)
                answer.append(self._answer(receipt))
        else:
            publication = await aside(body, self._single, body, caller, key, trace)
            receipts = [await self._bus.publish(publication)]
            answer = self._answer(receipts[0])
        await send_json(send, _encode(answer), None if key is None else replayed_headers(*receipts))

    def _single(self, body: bytes, caller: Caller, key: str | None, trace: str | None) -> Publication:
        check_depth(body, self._settings.depth)
        envelope = decode(body, _decode_one, Envelope.__struct_fields__)
        try:
            return self._publication(envelope, caller, key, trace)
        except _Wrong as wrong:
            raise Problem(wrong.status, wrong.code, wrong.detail, errors=wrong.errors) from None

    async def _publish_many(self, body: bytes, caller: Caller, key: str | None, trace: str | None) -> list[Receipt]:
        envelopes = await aside(body, decode, body, _decode_many, Envelope.__struct_fields__)
        publications, problems, worst = [], [], 0
        for number, envelope in enumerate(envelopes):
            if number % STEP == STEP - 1:
                await asyncio.sleep(0)
            try:
                check_depth(bytes(envelope.key) + bytes(envelope.data), self._settings.depth)
                publications.append(self._publication(envelope, caller, None, trace))
            except _Wrong as wrong:
                worst = max(worst, wrong.status)
                problems += [_numbered(number, error) for error in wrong.errors]
            except Problem as problem:
                worst = max(worst, 422)
                problems.append(FieldError(f"[{number}]", problem.detail))
            if len(problems) >= MOST:
                left = len(envelopes) - number - 1
                if left:
                    problems.append(
                        FieldError(f"[{number + 1}]", f"and what follows, {left} in all, was not looked at")
                    )
                break
        if problems:
            detail = "nothing was published: some messages are wrong"
            raise Problem(worst, "invalid_messages", detail, errors=problems)
        return await self._bus.publish_all(publications, key=key)

    def _publication(self, envelope: Envelope, caller: Caller, key: str | None, trace: str | None) -> Publication:
        topic = self._topic(envelope.topic, caller)
        return Publication(
            message=_message(topic, bytes(envelope.key), bytes(envelope.data)),
            workspace=caller.workspace,
            principal=caller.principal.name,
            due=None if envelope.deliver_after is None else self._due(envelope.deliver_after),
            idempotency_key=key,
            force=envelope.force,
            traceparent=trace,
        )

    def _topic(self, name: str, caller: Caller) -> Topic:
        try:
            topic = self._bus.registry.topic(name)
        except UnknownTopic as unknown:
            raise _Wrong(422, unknown.code, [FieldError("topic", unknown.detail)], unknown.detail) from None
        policy = topic.policy
        if policy.internal:
            detail = f"only handlers and schedules publish {name}"
            raise _Wrong(403, NotPublishable.code, [FieldError("topic", detail)], detail)
        if not caller.principal.may(policy.permission):
            detail = f"{policy.permission} is needed for {name}, and {caller.principal.name} does not have it"
            raise _Wrong(403, "permission_missing", [FieldError("topic", detail)], detail)
        if policy.query:
            detail = f"{name} only reads and is never stored; call {policy.route}"
            raise _Wrong(422, "not_publishable", [FieldError("topic", detail)], detail)
        return topic

    def _due(self, value: int | float | str) -> int:
        """When the message becomes due. A time in the past means now, and is kept: a repeat must be the same."""
        try:
            due = parse_moment(value, "deliver_after")
        except WrongTime as wrong:
            raise _Wrong(422, "invalid_field", [wrong.error]) from None
        now = self._bus.clock.now()
        if isinstance(value, int | float) and 0 < abs(due) < _FARTHEST:
            hint = (
                f"it is a time in Unix seconds, not a delay: {value:g} seconds from now are {now / SECOND + value:.0f}"
            )
            raise _Wrong(422, "invalid_field", [FieldError("deliver_after", "is a moment of 1970", hint)])
        if due - now > _FARTHEST:
            raise _Wrong(422, "invalid_field", [FieldError("deliver_after", "is more than 366 days away")])
        return max(0, due)

    def _answer(self, receipt: Receipt) -> Published:
        published = self._shown(receipt.published)
        delayed = self._shown(receipt.due) if receipt.due > receipt.published else None
        return Published(receipt.id, published, receipt.topic, delayed, receipt.deduplicated)


def _numbered(number: int, error: FieldError) -> FieldError:
    return FieldError(f"[{number}].{error.field}" if error.field else f"[{number}]", error.message, error.hint)


def _message(topic: Topic, key: bytes, data: bytes) -> Message[Any]:
    """The topic's record of both objects. Raises _Wrong naming every wrong field."""
    if key == b"null":
        key = b"{}"
    if data == b"null":
        data = b"{}"
    try:
        if is_object(key) and is_object(data) and not _is_given_twice(key, data):
            message: Message[Any] = topic.decode(merge(key, data))
            return message
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        pass
    raise _Wrong(422, "invalid_message", explain(topic, key, data))


def _is_given_twice(key: bytes, data: bytes) -> bool:
    """Whether a name stands in both. Data is taken apart only where one could: where its bytes hold the name."""
    if not (is_filled(data) and is_filled(key)):
        return False
    names: Collection[str] = members(key).keys()
    if len(names) <= _FEW and b"\\" not in data:
        names = [name for name in names if b'"%s"' % name.encode() in data]
    return bool(names) and not members(data).keys().isdisjoint(names)
