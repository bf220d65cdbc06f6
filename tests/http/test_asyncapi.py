"""The document of the topics: every reference leads somewhere, every schema is one, and every topic is there.

AsyncAPI's own schema comes in no Python package; the document was held against the one of `@asyncapi/specs`.
"""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from needlework.http.app import Application

pytestmark = pytest.mark.anyio


@pytest.fixture
async def document(http: httpx2.AsyncClient) -> dict[str, Any]:
    """The document."""
    found: dict[str, Any] = (await http.get("/asyncapi.json")).json()
    return found


def references(value: Any) -> Iterator[str]:
    """Every `$ref` below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def follow(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        assert isinstance(follow(document, reference), dict), reference


async def test_every_topic_is_a_channel_with_its_message(document: dict[str, Any], app: Application) -> None:
    routed = {endpoint.topic.name for endpoint in app.routes if endpoint.topic is not None}
    assert document["asyncapi"] == "3.0.0"
    assert routed <= document["channels"].keys()
    for name, operation in document["operations"].items():
        assert operation["action"] == ("send" if name == "watch" else "receive")
        channel = follow(document, operation["channel"]["$ref"])
        for message in operation["messages"]:  # an operation's messages are of its own channel
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
        assert channel["messages"]


async def test_payloads_are_schemas_that_take_what_the_topic_takes(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    echo = follow(document, document["channels"]["t.echo"]["messages"]["t.echo"]["$ref"])
    whole = {**echo["payload"], "components": document["components"]}
    Draft202012Validator(whole).validate({"id": "a", "text": "b"})
    assert not Draft202012Validator(whole).is_valid({"id": "a", "text": 1})
    assert not Draft202012Validator(whole).is_valid({"unknown": 1})


async def test_each_document_leads_to_the_other(document: dict[str, Any], http: httpx2.AsyncClient) -> None:
    openapi = (await http.get("/openapi.json")).json()
    assert document["info"]["externalDocs"]["url"] == "/openapi.json"
    assert openapi["externalDocs"]["url"] == "/asyncapi.json"
