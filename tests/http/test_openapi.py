"""The document tells the truth: it is valid, and it holds every route."""

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


async def test_replies_and_problems_have_schemas(document: dict[str, Any]) -> None:
    echo = document["paths"]["/api/t/{id}/echo"]["post"]["responses"]
    assert echo["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Echoed")
    assert "Problem" in echo["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(
        document["components"]["schemas"]["Problem"]["required"]
    )
