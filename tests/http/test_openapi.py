"""The document tells the truth: it is valid, and it holds every route."""

import re
from typing import Any

import httpx2
import pytest
from needlework.http.app import Application
from openapi_spec_validator import OpenAPIV31SpecValidator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def document(http: httpx2.AsyncClient) -> dict[str, Any]:
    """The document."""
    found: dict[str, Any] = (await http.get("/openapi.json")).json()
    return found


async def test_it_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


async def test_it_holds_every_route_with_its_permission(document: dict[str, Any], app: Application) -> None:
    told = {(m.upper(), p): o["x-permission"] for p, entry in document["paths"].items() for m, o in entry.items()}
    assert told == {(e.method, e.path): e.permission for e in app.routes}
    names = [o["operationId"] for entry in document["paths"].values() for o in entry.values()]
    assert len(names) == len(set(names))


async def test_filters_stand_in_the_query_and_records_in_the_body(document: dict[str, Any]) -> None:
    paths = document["paths"]
    ranged, echo = paths["/api/t/range"]["post"], paths["/api/t/{id}/echo"]["post"]
    assert {"from", "until", "dry"} <= {parameter["name"] for parameter in ranged["parameters"]}
    assert "requestBody" not in ranged
    body = echo["requestBody"]["content"]["application/json"]["schema"]
    assert "id" not in body["properties"]
    assert body["properties"].keys() >= {"text", "n", "tags"}
    assert [p["name"] for p in echo["parameters"] if p["in"] == "path"] == ["id"]


async def test_what_a_field_of_the_query_is_where_it_is_left_out_is_told(document: dict[str, Any]) -> None:
    """It was told of fields in a body alone: a list's `limit` had bounds, and no default."""
    look, ranged = document["paths"]["/api/t/{id}/look"]["get"], document["paths"]["/api/t/range"]["post"]
    (limit,) = (each["schema"] for each in look["parameters"] if each["name"] == "limit")
    assert limit == {"type": "integer", "default": 5}
    told = {
        each["name"]: each["schema"].get("default", "none") for each in ranged["parameters"] if each["in"] == "query"
    }
    assert told == {"from": "none", "until": "none", "dry": False}


async def test_replies_and_problems_have_schemas(document: dict[str, Any]) -> None:
    echo = document["paths"]["/api/t/{id}/echo"]["post"]["responses"]
    assert echo["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Echoed")
    assert "Problem" in echo["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(
        document["components"]["schemas"]["Problem"]["required"]
    )


async def test_a_stream_is_told_event_by_event(document: dict[str, Any]) -> None:
    """S12: it was called one text, which is no event. OpenAPI 3.1 has no `itemSchema`: readers take `schema` for it."""
    content = document["paths"]["/api/t/{id}/echo"]["post"]["responses"]["200"]["content"]
    name = content["text/event-stream"]["schema"]["$ref"].rpartition("/")[2]
    event = document["components"]["schemas"][name]
    assert set(event["required"]) == {"event", "data"}
    assert set(event["properties"]) == {"event", "data", "id", "retry"}


async def test_it_tells_what_the_server_refuses_before_any_route_and_which_keys_are_kept(
    document: dict[str, Any], http: httpx2.AsyncClient
) -> None:
    """S12: 414 and 431 stood nowhere, and a key with a space in it was kept where the document forbade it."""
    echo = document["paths"]["/api/t/{id}/echo"]["post"]
    assert {"408", "413", "414", "431"} <= set(echo["responses"])
    (key,) = (parameter["schema"] for parameter in echo["parameters"] if parameter["name"] == "Idempotency-Key")
    for text, kept in (("a b", True), ("a ", True), ("a\tb", False), (" ", False), ("\xa0a", False)):
        assert bool(re.search(key["pattern"], text)) is kept
        answer = await http.post("/api/t/a/echo", headers={b"idempotency-key": text.encode("latin-1")})
        assert (answer.status_code == 200) is kept, text
