"""`/asyncapi.json` (3.0): every topic as a channel, from the registry; what `/openapi.json` is for the routes."""

from importlib.metadata import version
from typing import Any

import msgspec
from needlework.bus.permissions import READ
from needlework.bus.registry import Registry, Topic
from needlework.http.inputs import read_query
from needlework.http.replies import json_response
from needlework.http.routes import Endpoint, answering
from needlework.http.schemas import Schemas
from starlette.requests import Request
from starlette.responses import Response

_EVENTS = {
    "progress": "A handler told how far it is", "log": "A handler told something",
    "retrying": "An attempt failed, another follows", "result": "A delivery ended with a result",
    "refused": "A delivery ended: the caller was wrong", "dead": "A delivery used up its attempts",
    "cancelled": "A delivery was cancelled", "reset": "The resume point is gone",
}  # fmt: skip
"""Kind -> what it says, as they stand in `event:` of a stream."""
_PUBLISH = "/api/internal/pubsub/publish"
_WATCH = "/api/internal/pubsub/events"


class AsyncApi:
    """The document and its route. Built once: the registry never changes."""

    def __init__(self, registry: Registry) -> None:
        self._text = msgspec.json.encode(document_of(registry))

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        return [
            Endpoint(
                method="GET",
                path="/asyncapi.json",
                app=answering(self.page),
                permission=READ,
                summary="The topics, their messages and their events, as AsyncAPI 3.0",
                tag="documents",
                reply=dict[str, Any],
            )
        ]

    async def page(self, request: Request) -> Response:
        """The document."""
        read_query(request)
        return json_response(msgspec.Raw(self._text))


def document_of(registry: Registry) -> dict[str, Any]:
    """AsyncAPI 3.0 of all topics. `receive` is what the service takes, `send` what it gives."""
    topics = sorted(registry.topics.values(), key=lambda topic: topic.name)
    schemas = Schemas(kind for topic in topics for kind in (topic.type, topic.reply))
    channels: dict[str, Any] = {"events": _events_channel()}
    operations: dict[str, Any] = {"watch": _operation("send", "events", "Watch what messages report", list(_EVENTS))}
    messages: dict[str, Any] = {
        kind: {"name": kind, "summary": about, "payload": {"type": "object"}} for kind, about in _EVENTS.items()
    }
    for topic in topics:
        message, reply = topic.type.__name__, f"{topic.name}.result"
        messages[topic.name] = {"name": topic.name, "title": message, "payload": schemas.of(topic.type)}
        messages[reply] = {"name": reply, "title": f"The result of {topic.name}", "payload": schemas.of(topic.reply)}
        channels[topic.name] = _channel(topic)
        operations[topic.name] = _topic_operation(topic, reply)
        if topic.subscriptions:
            channels[reply] = {"address": None, "messages": _refs("components/messages", [reply])}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "needlework",
            "version": version("needlework"),
            "license": {"name": "Apache-2.0"},
            "description": f"Topics are published with POST {_PUBLISH}, or by their own route; what becomes of a"
            f" message is watched at {_WATCH}. The routes stand in /openapi.json.",
            "externalDocs": {"url": "/openapi.json", "description": "The routes"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas.components, "messages": messages},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    policy = topic.policy
    found = {
        "address": topic.name,
        "title": policy.summary,
        "description": (topic.type.__doc__ or "").strip(),
        "messages": _refs("components/messages", [topic.name]),
        "x-key": list(topic.key_fields),
        "x-runners": list(topic.runners),
        "x-order": policy.order,
        "x-internal": policy.internal,
        "x-permission": policy.permission,
    }
    return found if policy.route is None else {**found, "x-route": policy.route}


def _events_channel() -> dict[str, Any]:
    return {
        "address": _WATCH,
        "title": "What messages report",
        "description": "Server-Sent Events; `id` is the number with which `Last-Event-ID` resumes.",
        "messages": _refs("components/messages", list(_EVENTS)),
    }


def _topic_operation(topic: Topic, reply: str) -> dict[str, Any]:
    found = _operation("receive", topic.name, topic.policy.summary, [topic.name])
    if topic.subscriptions:
        channel = {"$ref": f"#/channels/{reply}"}
        found["reply"] = {"channel": channel, "messages": [{"$ref": f"#/channels/{reply}/messages/{reply}"}]}
    return found


def _operation(action: str, channel: str, summary: str, messages: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": list(_refs(f"channels/{channel}/messages", messages).values()),
    }


def _refs(place: str, names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/{place}/{name}"} for name in names}
