"""Operations: every topic with a route is an endpoint. Path, query and body fill the topic's record.

No operation has code of its own here: the policy in `topics.toml` says how it is reached and answered.
"""

from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import SECOND, rfc3339
from needlework.bus.errors import FieldError
from needlework.bus.messages import Message
from needlework.bus.records import Outcome, Publication, Receipt
from needlework.bus.registry import Topic
from needlework.http import preferences, problems
from needlework.http.arguments import Arguments
from needlework.http.bodies import BLANK, aside, check_depth, clean, read_body
from needlework.http.event_stream import EventStream, accepted_frame
from needlework.http.explain import explain_members
from needlework.http.merge import is_object, merge, refuse_twice
from needlework.http.problems import Problem
from needlework.http.replies import (
    event_location,
    json_response,
    message_location,
    replayed_headers,
    sunset_headers,
    unwrap,
)
from needlework.http.routes import Caller, Endpoint, Parameter, answering
from needlework.http.settings import HttpSettings
from needlework.http.streams import Streams
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_AT_ONCE = 0.2
"""Seconds in which an operation that streams may be refused before its stream begins."""


def operation_endpoints(bus: "Bus", streams: Streams, settings: HttpSettings) -> list[Endpoint]:
    """The endpoint of every topic that has a route."""
    return [
        _endpoint(Operation(bus, topic, streams, settings))
        for topic in bus.registry.topics.values()
        if topic.policy.route is not None
    ]


def _endpoint(operation: "Operation") -> Endpoint:
    topic, policy, arguments = operation.topic, operation.topic.policy, operation.arguments
    return Endpoint(
        method=policy.method,
        path=policy.path,
        app=answering(operation),
        permission=policy.permission,
        summary=policy.summary,
        tag=topic.name.split(".", 1)[0],
        upload=policy.large,
        body=topic.type if arguments.takes_body else None,
        reply=topic.reply,
        status=202 if policy.reply == "accepted" and not policy.query else policy.status,
        query=tuple(_parameter(field) for field in arguments.documented_query()),
        streams=True,
        topic=topic,
    )


def _parameter(field: msgspec.structs.FieldInfo) -> Parameter:
    """A field that stands in the query; its default is told where it is a value."""
    told = field.default not in (msgspec.NODEFAULT, msgspec.UNSET, None)
    bounds = {"default": msgspec.to_builtins(field.default)} if told else {}
    return Parameter(field.encode_name, field.type, required=field.required, bounds=bounds)


class Operation:
    """One topic over HTTP."""

    def __init__(self, bus: "Bus", topic: Topic, streams: Streams, settings: HttpSettings) -> None:
        self.topic, self.arguments = topic, Arguments(topic)
        self._bus, self._streams, self._settings = bus, streams, settings
        self._headers = sunset_headers(topic.policy)
        self._instead = {
            field: Operation(bus, bus.registry.topic(name), streams, settings)
            for field, name in topic.policy.instead.items()
        }
        self._limit = settings.upload_limit if topic.policy.large else settings.body_limit

    async def __call__(self, request: Request) -> Response:
        """The answer: the result, a stream of events, or where to look."""
        message = await self._message(request)
        for field, other in self._instead.items():
            if getattr(message, field) not in (None, False):
                message = other.topic.decode(msgspec.json.encode(message))
                return await other._answer(message, request)
        return await self._answer(message, request)

    async def _answer(self, message: Message[Any], request: Request) -> Response:
        caller: Caller = request.scope["caller"]
        headers = request.scope["request_headers"]
        streaming = preferences.wants_stream(headers) or self.topic.policy.reply == "stream"
        if self.topic.policy.query:
            response = await self._query(message, caller, streaming)
        else:
            wish = preferences.preferences(headers)
            publication = Publication(
                message=message,
                workspace=caller.workspace,
                principal=caller.principal.name,
                idempotency_key=preferences.idempotency_key(headers) if request.method != "GET" else None,
                traceparent=preferences.traceparent(headers),
            )
            if streaming and not wish.respond_async:
                response = await self._stream(publication, caller)
            elif self.topic.policy.reply == "result" and not wish.respond_async:
                response = await self._result(publication, wish, caller)
            else:
                response = self._accepted(await self._bus.publish(publication), wish)
        response.headers.update(self._headers)
        return response

    async def _message(self, request: Request) -> Message[Any]:
        """The topic's record of everything the caller gave. Raises Problem 4xx naming every wrong field."""
        given = self.arguments.from_address(request.path_params, request.scope["query_string"])
        body = await read_body(request.receive, self._limit, self._settings.body_timeout)
        return await aside(body, self._fill, given, body)

    def _fill(self, given: bytes, body: bytes) -> Message[Any]:
        body = clean(body)
        check_depth(body, self._settings.depth)
        if self.arguments.takes_list and body.lstrip(BLANK)[:1] == b"[":
            body = b'{"items":' + body + b"}"
        if not is_object(body):
            _refuse_shape(body)
        text = body
        try:
            text = merge(given, body)
            if given != b"{}":
                refuse_twice(given, body, ("the path or the query", ""))
            message: Message[Any] = self.topic.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
            raise _explained(self.topic, body, text, error) from None
        return message

    async def _query(self, message: Message[Any], caller: Caller, streaming: bool) -> Response:
        try:
            result = await self._bus.query(message, workspace=caller.workspace, principal=caller.principal.name)
        except TimeoutError:
            detail = f"no answer within {self.topic.policy.timeout}"
            raise Problem(503, "query_timeout", detail, retry_after=1) from None
        body, headers = unwrap(result)
        if streaming:
            frame = b"event: result\ndata: " + msgspec.json.encode({"data": body}) + b"\n\n"
            return Response(frame, 200, headers, "text/event-stream")
        return json_response(body, self.topic.policy.status, headers)

    async def _stream(self, publication: Publication, caller: Caller) -> Response:
        self._streams.check(caller)  # refused before the work is stored, not after
        publication.waited = True
        if self.topic.policy.reply == "stream":  # what is refused at once is told as such, not as a stream
            receipt, outcome = await self._bus.request(publication, timeout=_AT_ONCE)
            if outcome is not None and outcome.kind == "refused":
                return self._outcome(outcome, caller)
        else:
            receipt = await self._bus.publish(publication)
        location = event_location(receipt.id)
        events = self._bus.events(workspace=caller.workspace, after=None, message=receipt.id)
        first = accepted_frame(receipt.id, location, publication.traceparent)
        headers = {"location": location, **replayed_headers(receipt)}
        return EventStream(self._streams, caller, events, first=first, headers=headers)

    async def _result(self, publication: Publication, wish: preferences.Preferences, caller: Caller) -> Response:
        wait = min(self._settings.wait, self.topic.timeout / SECOND)
        if wish.wait is not None:
            wait = min(wait, wish.wait)
        publication.waited = True
        receipt, outcome = await self._bus.request(publication, timeout=wait)
        if outcome is None:
            return self._later(receipt, wish)
        response = self._outcome(outcome, caller)
        response.headers["x-message-id"] = receipt.id
        response.headers.update(wish.applied | replayed_headers(receipt))
        return response

    def _outcome(self, outcome: Outcome, caller: Caller) -> Response:
        if outcome.kind != "result":
            return problems.outcome_response(outcome.kind, outcome.data, caller.request_id)
        body, headers = unwrap(outcome.data)
        return json_response(body, self.topic.policy.status, headers)

    def _later(self, receipt: Receipt, wish: preferences.Preferences) -> Response:
        location = message_location(receipt.id)
        body = {"id": receipt.id, "status": "accepted", "location": location}
        return json_response(body, 202, {"location": location, **wish.applied, **replayed_headers(receipt)})

    def _accepted(self, receipt: Receipt, wish: preferences.Preferences) -> Response:
        if wish.respond_async:
            return self._later(receipt, wish)
        body = {"id": receipt.id, "published": rfc3339(receipt.published)}
        return json_response(body, 202, {"location": message_location(receipt.id), **replayed_headers(receipt)})


def _refuse_shape(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # its form alone: millions of objects would be made and dropped
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Problem(400, "malformed_json", f"the body is not JSON: {error}") from None
    errors = [FieldError("body", "must be an object")]
    raise Problem(422, "invalid_field", "the body must be a JSON object", errors=errors)


def _explained(topic: Topic, body: bytes, text: bytes, error: BaseException) -> Problem:
    """Malformed JSON, or every wrong field of well-formed JSON."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # its form alone: millions of objects would be made and dropped
    except RecursionError:
        return Problem(400, "too_deep", "the body is nested too deeply")
    except (msgspec.DecodeError, ValueError) as malformed:
        return Problem(400, "malformed_json", f"the body is not JSON: {malformed}")
    errors = explain_members(topic, text)
    return Problem(422, "invalid_field", "; ".join(f"{e.field} {e.message}" for e in errors), errors=errors)
