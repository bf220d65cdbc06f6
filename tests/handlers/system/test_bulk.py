"""Many messages at once: cancelled by what they are, retries that run now; and the log that says so."""

from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.bulk_messages import CancelMessages, ListAudit, RetryMessages

pytestmark = pytest.mark.anyio
Desk = Any
BROKEN: set[int] = set()
SEEN: list[int] = []


class Fetch(Message[Any], topic="t.fetch", key=("number",)):
    """Fails while its number is broken."""

    number: int


class Note(Message[Any], topic="t.note"):
    """Never fails."""


@subscribe(Fetch, runner="fetcher")
async def fetch(message: Fetch, ctx: Context) -> None:
    """Fails as a server does that is away."""
    SEEN.append(message.number)
    if message.number in BROKEN:
        raise ConnectionError("away")


@subscribe(Note, runner="fetcher")
async def note(message: Note, ctx: Context) -> None:
    """Nothing."""


_TOPIC = {"summary": "Of the tests", "permission": "permissionWorkspacesWrite"}
_RETRY = {"attempts": 5, "first": "10m", "jitter": 0.0}


@pytest.fixture(scope="module")
def registry(registry: Registry) -> Registry:
    """Every built-in operation, and two more."""
    policies = {
        "topics": {"t.fetch": {**_TOPIC, "retry": _RETRY}, "t.note": _TOPIC},
        "runners": {"fetcher": {"description": "Of the tests"}},
    }
    mine = Registry.of(fetch, note, policies=policies)
    return Registry({**registry.topics, **mine.topics}, {**registry.runners, **mine.runners}, registry.limits)


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    BROKEN.clear()
    SEEN.clear()


async def states(desk: Desk) -> dict[str, int]:
    """How many messages of the two topics are in which state."""
    found: dict[str, int] = {}
    for topic in ("t.fetch", "t.note"):
        for item in (await desk.bus.messages(desk.workspace, topic=topic, limit=100))["items"]:
            found[item["state"]] = found.get(item["state"], 0) + 1
    return found


async def test_cancel_ends_what_fits_and_leaves_the_rest(desk: Desk) -> None:
    later = desk.clock.now() + 10**9
    for number in range(4):
        await desk.publish(Fetch(number), due=later)
    await desk.publish(Note(), due=later)
    preview = await desk(CancelMessages(topic="t.fetch", preview=True))
    assert (preview["count"], preview["more"], preview["groups"]) == (4, False, [{"topic": "t.fetch", "count": 4}])
    assert await states(desk) == {"waiting": 5}
    assert await desk(CancelMessages(topic="t.fetch")) == {"cancelled": 4}
    assert await states(desk) == {"cancelled": 4, "waiting": 1}
    assert await desk(CancelMessages(all=True)) == {"cancelled": 1}


async def test_cancel_finds_what_a_paused_topic_holds(desk: Desk) -> None:
    await desk.bus.pause("t.fetch", "test", kind="topic")
    await desk.publish(Fetch(1))
    await desk.drain()
    assert await states(desk) == {"parked": 1}
    assert await desk(CancelMessages(topic="t.fetch", state="waiting")) == {"cancelled": 0}
    assert await desk(CancelMessages(topic="t.fetch", state="parked")) == {"cancelled": 1}


async def test_cancel_keeps_to_its_workspace_and_asks_which(desk: Desk) -> None:
    await desk.publish(Fetch(1), due=desk.clock.now() + 10**9)
    other = await desk.other("other")
    assert await other(CancelMessages(all=True)) == {"cancelled": 0}
    for kind in (CancelMessages, RetryMessages):
        assert await desk.refusal(kind()) == (422, "no_choice")
        assert await desk.refusal(kind(topic="t.fetsch")) == (404, "not_found")
    assert await states(desk) == {"waiting": 1}


async def test_retry_lets_waiting_retries_run_now_and_once(desk: Desk) -> None:
    BROKEN.update((0, 1, 2))
    for number in range(3):
        await desk.publish(Fetch(number))
    await desk.publish(Fetch(9), due=desk.clock.now() + 10**9)
    await desk.drain()
    BROKEN.discard(1)
    desk.clock.advance(1)
    assert (await desk(RetryMessages(runner="fetcher", preview=True)))["count"] == 3
    assert await desk(RetryMessages(topic="t.fetch")) == {"retried": 3}
    await desk.drain()
    assert sorted(SEEN) == [0, 0, 1, 1, 2, 2]
    assert await states(desk) == {"done": 1, "waiting": 3}


async def test_the_log_tells_of_it_and_is_filtered(desk: Desk) -> None:
    desk.clock.advance(1)
    await desk(CancelMessages(topic="t.fetch"))
    desk.clock.advance(1)
    await desk.bus.pause("fetcher", "ann")
    lines = (await desk(ListAudit()))["items"]
    assert [(line["action"], line["principal"], line["detail"]) for line in lines[:2]] == [
        ("runner.pause", "ann", ""),
        ("messages.cancel", "system", "0 cancelled"),
    ]
    assert [line["action"] for line in (await desk(ListAudit(action="messages.*")))["items"]] == ["messages.cancel"] * 2
    assert [line["action"] for line in (await desk(ListAudit(principal="ann")))["items"]] == ["runner.pause"]
    assert (await desk(ListAudit(action="[*")))["items"] == []
    assert [line["action"] for line in (await desk(ListAudit(from_=lines[0]["at"])))["items"]] == ["runner.pause"]
    page = await desk(ListAudit(limit=1))
    rest = await desk(ListAudit(limit=1, cursor=page["next_cursor"]))
    assert [page["items"], rest["items"]] == [lines[:1], lines[1:2]]


async def test_the_log_of_another_workspace_is_not_shown(desk: Desk) -> None:
    await desk(CancelMessages(topic="t.fetch"))
    other = await desk.other("other")
    assert [line["action"] for line in (await other(ListAudit(action="messages.*")))["items"]] == []
