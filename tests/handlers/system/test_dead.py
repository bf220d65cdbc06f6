"""Dead letters: found, let go again, patched, stopped where they fail again, removed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.dead_messages import ListDead, PurgeDead, ReadDead, RedriveDead

pytestmark = pytest.mark.anyio
Desk = Any
BROKEN: set[int] = set()
SEEN: list[tuple[int, int]] = []


class Send(Message[Any], topic="t.send", key=("number",)):
    """Fails while its number is broken."""

    number: int
    to: str = "nobody"


class Inner(Message[Any], topic="t.inner"):
    """Fails always; only for handlers."""

    to: str = ""


@subscribe(Send, runner="sender")
async def send(message: Send, ctx: Context) -> Any:
    """Fails as a server does that is away."""
    SEEN.append((message.number, ctx.attempt))
    if message.number in BROKEN:
        raise ConnectionError(f"no route to {message.to}")
    return {"to": message.to}


@subscribe(Inner, runner="sender")
async def inner(message: Inner, ctx: Context) -> Any:
    """Never works."""
    raise ValueError("never")


_TOPIC = {"summary": "Of the tests", "permission": "permissionWorkspacesWrite", "retry": {"attempts": 1}}


@pytest.fixture(scope="module")
def registry(registry: Registry) -> Registry:
    """Every built-in operation, and two that fail."""
    policies = {
        "topics": {"t.send": _TOPIC, "t.inner": {**_TOPIC, "internal": True}},
        "runners": {"sender": {"description": "Of the tests"}},
    }
    mine = Registry.of(send, inner, policies=policies)
    return Registry({**registry.topics, **mine.topics}, {**registry.runners, **mine.runners}, registry.limits)


@pytest.fixture
async def dead(desk: Desk) -> AsyncIterator[Desk]:
    """Ten dead letters: five to each of two places."""
    BROKEN.clear()
    SEEN.clear()
    BROKEN.update(range(10))
    for number in range(10):
        await desk.publish(Send(number, "ann" if number < 5 else "bob"))
        desk.clock.advance(1)
    await desk.drain()
    SEEN.clear()
    yield desk
    BROKEN.clear()


async def numbers(desk: Desk, **filters: Any) -> list[int]:
    """The numbers of the dead letters that a list finds, newest first."""
    found = []
    for item in (await desk(ListDead(**filters)))["items"]:
        found.append((await desk(ReadDead(item["id"])))["key"]["number"])
    return found


async def test_list_finds_by_every_filter_and_pages(dead: Desk) -> None:
    assert await numbers(dead) == [*range(9, -1, -1)]
    assert await numbers(dead, error="ROUTE TO BOB") == [9, 8, 7, 6, 5]
    assert await numbers(dead, topic="t.inner") == []
    assert await numbers(dead, runner="sender", reason="attempts", limit=2) == [9, 8]
    first = await dead(ListDead(limit=4))
    second = await dead(ListDead(limit=4, cursor=first["next_cursor"]))
    third = await dead(ListDead(limit=4, cursor=second["next_cursor"]))
    assert [len(page["items"]) for page in (first, second, third)] == [4, 4, 2]
    assert third["next_cursor"] is None
    died = first["items"][0]["died"]
    assert len(await numbers(dead, from_=died)) == 1
    assert len(await numbers(dead, until=died)) == 9


async def test_one_is_read_by_its_own_id_and_its_messages(dead: Desk) -> None:
    (letter, *_) = (await dead(ListDead()))["items"]
    shown = await dead(ReadDead(letter["id"]))
    assert shown["data"] == {"to": "bob"}
    assert "in send" in shown["error"]
    assert [each["attempt"] for each in shown["history"]] == [1]
    assert await dead(ReadDead(letter["message_id"])) == shown


async def test_another_workspaces_are_not_found(dead: Desk) -> None:
    (letter, *_) = (await dead(ListDead()))["items"]
    other = await dead.other("other")
    assert (await other(ListDead()))["items"] == []
    for message in (RedriveDead(ids=[letter["id"]]), PurgeDead(ids=[letter["id"]])):
        assert await other.refusal(message) == (404, "not_found")
    assert (await other(RedriveDead(all=True)))["redriven"] == 0
    assert (await other(PurgeDead(all=True)))["purged"] == 0
    assert len(await numbers(dead)) == 10


async def test_nothing_chosen_is_refused_and_changes_nothing(dead: Desk) -> None:
    for kind in (RedriveDead, PurgeDead):
        assert await dead.refusal(kind()) == (422, "no_choice")
        assert await dead.refusal(kind(all=True, topic="t.send")) == (422, "two_choices")
    assert len(await numbers(dead)) == 10


async def test_a_preview_counts_by_error_and_changes_nothing(dead: Desk) -> None:
    found = await dead(RedriveDead(all=True, preview=True))
    assert (found["count"], found["more"]) == (10, False)
    errors = {group["error"]: group["count"] for group in found["groups"]}
    assert errors == {"ConnectionError: no route to ann": 5, "ConnectionError: no route to bob": 5}
    assert (await dead(PurgeDead(error="bob", preview=True)))["count"] == 5
    assert len(await numbers(dead)) == 10


async def test_redriven_ones_run_again_with_a_greater_attempt(dead: Desk) -> None:
    BROKEN.clear()
    found = await dead(RedriveDead(error="ann"))
    await dead.drain()
    assert (found["redriven"], found["skipped"], found["stopped"]) == (5, 0, None)
    assert sorted(SEEN) == [(number, 2) for number in range(5)]
    status = await dead.bus.message(dead.workspace, found["messages"][0])
    assert (status["state"], status["result"], len(status["attempts"])) == ("done", {"to": "ann"}, 1)
    assert await numbers(dead) == [9, 8, 7, 6, 5]


async def test_first_lets_the_oldest_few_go(dead: Desk) -> None:
    BROKEN.clear()
    assert (await dead(RedriveDead(all=True, first=3)))["redriven"] == 3
    await dead.drain()
    assert sorted(SEEN) == [(0, 2), (1, 2), (2, 2)]


async def test_stop_after_leaves_the_rest_where_they_are(dead: Desk) -> None:
    task = RedriveDead(all=True, stop_after=2)
    message = await dead.publish(task)
    outcome = await settled(dead, message)
    assert (outcome["redriven"], outcome["failed_again"], outcome["stopped"]) == (2, 2, "failures")
    assert len(SEEN) == 2
    assert len(await numbers(dead)) == 10


async def test_stop_after_goes_on_while_they_work(dead: Desk) -> None:
    BROKEN.difference_update(range(9))
    outcome = await settled(dead, await dead.publish(RedriveDead(all=True, stop_after=2)))
    assert (outcome["redriven"], outcome["failed_again"], outcome["stopped"]) == (10, 1, None)
    assert await numbers(dead) == [9]


async def settled(desk: Desk, message: str) -> dict[str, Any]:
    """The result of a message that waits for time to pass."""
    async with asyncio.timeout(30):
        while True:
            status: dict[str, Any] = await desk.bus.message(desk.workspace, message)
            if status["state"] == "done":
                return dict(status["result"])
            await desk.bus.store.settled()
            desk.clock.advance(0.02)


async def test_a_patch_makes_a_new_message_and_keeps_the_first(dead: Desk) -> None:
    (letter, *_) = (await dead(ListDead()))["items"]
    BROKEN.clear()
    found = await dead(RedriveDead(ids=[letter["id"]], patch={"to": "carl"}))
    await dead.drain()
    (new,) = found["messages"]
    fresh = await dead.bus.message(dead.workspace, new)
    assert (fresh["result"], fresh["cause"], fresh["data"]) == ({"to": "carl"}, letter["message_id"], {"to": "carl"})
    old = await dead.bus.message(dead.workspace, letter["message_id"])
    assert (old["state"], old["data"], old["children"]) == ("dead", {"to": "bob"}, [new])
    explained = await dead.bus.explain(dead.workspace, letter["message_id"])
    assert explained["deliveries"][0]["text"] == f"dead (redriven): goes on with another payload as {new}"


async def test_a_patch_that_does_not_fit_is_refused_and_changes_nothing(dead: Desk) -> None:
    for patch, code in (({"to": 5}, "invalid_message"), ({"tto": "x"}, "invalid_message")):
        assert await dead.refusal(RedriveDead(all=True, patch=patch)) == (422, code)
    await dead.publish(Inner())
    await dead.drain()
    assert await dead.refusal(RedriveDead(topic="t.inner", patch={"to": "x"})) == (403, "internal_topic")
    assert len((await dead(ListDead()))["items"]) == 11


async def test_purge_removes_what_is_chosen_and_writes_the_log(dead: Desk) -> None:
    assert await dead(PurgeDead(error="ann")) == {"purged": 5}
    assert await numbers(dead) == [9, 8, 7, 6, 5]
    log = (await dead.bus.audit.list(dead.workspace))["items"]
    mine = [(line["action"], line["target"], line["detail"]) for line in log if line["action"] == "dead.purge"]
    assert mine == [("dead.purge", "error=ann", "5 purged"), ("dead.purge", "error=ann", "begun")]


async def test_a_redrive_goes_on_where_it_broke_and_counts_each_once(dead: Desk, monkeypatch: Any) -> None:
    """It broke between letting a page go and noting that."""
    BROKEN.clear()
    move = dead.bus.store.redrive

    async def breaks(letters: Any) -> None:
        monkeypatch.undo()
        await move(letters)
        raise ConnectionError("the power is gone")

    monkeypatch.setattr(dead.bus.store, "redrive", breaks)
    found = await settled(dead, await dead.publish(RedriveDead(all=True, first=4)))
    assert (found["redriven"], found["skipped"]) == (4, 0)
    await dead.drain()
    assert sorted(SEEN) == [(number, 2) for number in range(4)]
