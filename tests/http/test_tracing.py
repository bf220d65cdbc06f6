"""`traceparent` over HTTP: kept where it is one, dropped where it is none, shown where one looks."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def kept(http: httpx2.AsyncClient, given: str) -> str | None:
    body = {"topic": "t.echo", "key": {"id": "a"}, "data": {}}
    sent = await http.post("/api/internal/pubsub/publish", json=body, headers={"traceparent": given})
    shown: str | None = (await http.get(f"/api/internal/pubsub/messages/{sent.json()['id']}")).json()["traceparent"]
    return shown


async def test_a_trace_is_kept_with_the_message_and_shown_in_its_status(http: httpx2.AsyncClient) -> None:
    assert await kept(http, GIVEN) == GIVEN


@pytest.mark.parametrize(
    "given",
    [
        "nonsense", GIVEN.upper(), "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01", "ff" + GIVEN[2:],
    ],
)  # fmt: skip
async def test_what_is_no_trace_is_dropped_and_nothing_is_refused_for_it(http: httpx2.AsyncClient, given: str) -> None:
    assert await kept(http, given) is None


async def test_the_first_event_of_a_stream_carries_the_trace(http: httpx2.AsyncClient) -> None:
    headers = {"accept": "text/event-stream", "traceparent": GIVEN}
    streamed = await http.post("/api/t/x/echo", json={"text": "a"}, headers=headers)
    (first,) = [frame for frame in streamed.text.split("\n\n") if frame.startswith("event: accepted")]
    assert f'"traceparent":"{GIVEN}"' in first
