"""`/openapi.json` (3.1), from the table of routes: the Structs give the schemas, `topics.toml` the words."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from needlework.bus.permissions import READ
from needlework.http.inputs import read_query
from needlework.http.problems import Document
from needlework.http.replies import json_response
from needlework.http.routes import PUBLIC, Endpoint, answering
from needlework.http.schemas import Schemas
from starlette.requests import Request
from starlette.responses import Response

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_EVENTS = {"text/event-stream": {"schema": {"$ref": "#/components/schemas/ServerSentEvent"}}}
_EVENT = {
    "title": "ServerSentEvent",
    "description": "One event, as the HTML standard has a reader put it together; a stream is any number of them",
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "description": "Its kind: accepted, progress, completed, result, reset, …"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string", "description": "Where to go on: send it as Last-Event-ID"},
        "retry": {"type": "integer", "description": "Milliseconds to wait before connecting again"},
    },
}
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`respond-async` answers 202 at once, `wait=5` waits for that many seconds",
}
_KEY = "^[!-~][ -~]*\\t*$"
"""What stands around a header's value is no part of it, and many clients refuse to send it in front."""
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _KEY},
    "description": "Of the caller's own making: a repeat with the same one gets the first answer",
}
_REFUSALS = {
    "400": "The request can't be read", "401": "A token is needed, or this one is not valid",
    "403": "Not allowed", "404": "Not found in this workspace", "405": "Not possible here",
    "408": "The request came too slowly", "409": "In the wrong state", "413": "Too large",
    "414": "The address is too long", "415": "No JSON", "421": "Not addressed to this server",
    "422": "A field is wrong", "429": "Too many", "431": "Too many or too large headers",
    "500": "It failed inside", "503": "Not now", "507": "The disk is full",
}  # fmt: skip


class OpenApi:
    """The document and its route. Built once; `routes` is the finished table."""

    def __init__(self) -> None:
        self._text = b""

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        return [
            Endpoint(
                method="GET",
                path="/openapi.json",
                app=answering(self.page),
                permission=READ,
                summary="This document",
                tag="documents",
                reply=dict[str, Any],
            )
        ]

    def build(self, endpoints: Sequence[Endpoint]) -> None:
        """Make the document of all endpoints, once they are all known."""
        self._text = msgspec.json.encode(document_of(endpoints))

    async def page(self, request: Request) -> Response:
        """The document."""
        read_query(request)
        return json_response(msgspec.Raw(self._text))


def document_of(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """OpenAPI 3.1 of `endpoints`."""
    wanted = [kind for endpoint in endpoints for kind in (endpoint.body, endpoint.reply) if kind is not None]
    wanted += [parameter.type for endpoint in endpoints for parameter in endpoint.query]
    schemas = Schemas([*wanted, Document])
    schemas.rename("Document", "Problem")
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "needlework", "version": version("needlework"), "license": {"name": "Apache-2.0"}},
        "externalDocs": {"url": "/asyncapi.json", "description": "The topics, their messages and events"},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components | {"ServerSentEvent": _EVENT},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
        "tags": [{"name": name} for name in sorted({endpoint.tag for endpoint in endpoints})],
    }


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, schemas),
        "responses": _responses(endpoint, schemas),
        "x-permission": endpoint.permission,
    }
    topic = endpoint.topic
    if topic is not None:
        operation["x-topic"] = topic.name
        operation["description"] = (topic.type.__doc__ or "").strip()
        if topic.policy.deprecated_since is not None:
            operation["deprecated"] = True
    if endpoint.permission is PUBLIC:
        operation["security"] = []
    if endpoint.body is not None:
        content = {"application/json": {"schema": _body_schema(endpoint, schemas)}}
        operation["requestBody"] = {"content": content, "required": _needs_body(endpoint)}
    return operation


def _parameters(endpoint: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    for parameter in endpoint.query:
        plain = _PLAIN.get(parameter.type)
        schema = ({"type": plain} if plain else schemas.of(parameter.type)) | parameter.bounds
        entry = {"name": parameter.name, "in": "query", "required": parameter.required, "schema": schema}
        if parameter.about:
            entry["description"] = parameter.about
        found.append(entry)
    if endpoint.topic is not None and not endpoint.topic.policy.query:
        found.append(_PREFER)
        if endpoint.method == "POST":
            found.append(_IDEMPOTENCY_KEY)
    return found


def _responses(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    reply = schemas.of(endpoint.reply)
    content: dict[str, Any] = {endpoint.media: {"schema": reply}}
    if endpoint.streams:
        content |= _EVENTS
    responses: dict[str, Any] = {str(endpoint.status): {"description": "Done", "content": content}}
    if endpoint.streams and endpoint.topic is None:
        responses["204"] = {"description": "Nothing will come any more"}
    if endpoint.topic is not None and not endpoint.topic.policy.query:
        where = {"location": {"schema": {"type": "string"}}}
        later = {"application/json": {"schema": {"type": "object", "required": ["id"]}}}
        responses["202"] = {"description": "Stored; look there", "headers": where, "content": later}
        if endpoint.topic.policy.reply == "stream":
            responses["200"] = {"description": "Events", "content": _EVENTS}
    if endpoint.path == "/":
        responses["307"] = {"description": "A browser is sent to the page"}
    for status, about in _REFUSALS.items():
        responses.setdefault(status, {"description": about, "content": _PROBLEM})
    return responses


def _body_schema(endpoint: Endpoint, schemas: Schemas) -> Any:
    """The record's schema without what stands in the path."""
    schema = schemas.of(endpoint.body)
    in_path = set(re.findall(r"{(\w+)}", endpoint.path))
    name = schema.get("$ref", "").rpartition("/")[2] if isinstance(schema, dict) else ""
    if not in_path or name not in schemas.components:
        return schema
    whole = schemas.components[name]
    rest = {key: value for key, value in whole.get("properties", {}).items() if key not in in_path}
    required = [key for key in whole.get("required", []) if key not in in_path]
    return {**whole, "title": f"{name} body", "properties": rest, "required": required}


def _needs_body(endpoint: Endpoint) -> bool:
    try:
        fields = msgspec.structs.fields(endpoint.body)
    except TypeError:
        return False
    in_path = set(re.findall(r"{(\w+)}", endpoint.path))
    return any(field.required and field.name not in in_path for field in fields)


def _operation_id(endpoint: Endpoint) -> str:
    if endpoint.topic is not None:
        return endpoint.topic.name
    words = re.findall(r"[A-Za-z0-9]+", endpoint.path.removeprefix("/api/").removeprefix("internal/"))
    return "_".join([endpoint.method.lower(), *words]) if words else f"{endpoint.method.lower()}_root"
