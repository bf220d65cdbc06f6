"""Reprocessing a range: told label by label, the same twice changes nothing, one job at a time."""

import asyncio
from typing import Any

import msgspec
import pytest
from needlework.bus.errors import InvalidMessage
from needlework.bus.records import EventRecord
from needlework.handlers.needle_movers import reprocess
from needlework.handlers.needle_movers.match_messages import ReprocessNeedleMovers
from needlework.handlers.needle_movers.messages import (
    CreateNeedleMover,
    DecideEvidence,
    ListEvidence,
    ListNeedleMovers,
    MatchingRules,
    PurgeNeedleMovers,
    ReadNeedleMover,
)
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
START = 1_767_000_000


def whole(desk: Desk) -> ReprocessNeedleMovers:
    return ReprocessNeedleMovers(from_=START, until=desk.clock.now() // 1_000_000 + 60)


async def told(desk: Desk, message: str) -> list[dict[str, Any]]:
    """What a job reported, in order."""
    found = []
    async for event in desk.bus.events(workspace=desk.workspace, after=None, message=message):
        assert isinstance(event, EventRecord)
        if event.kind == "progress":
            found.append(msgspec.json.decode(event.data or b"{}"))
    return found


async def run(desk: Desk) -> list[dict[str, Any]]:
    return await told(desk, await desk.publish(whole(desk)))


async def purged(desk: Desk, say: Any) -> None:
    """What three accounts say, without the needle mover that it made."""
    for account, text in EXPORTS:
        await say(account, text)
    await say("blue", "The password reset mail never arrives, that is broken.")
    await desk(PurgeNeedleMovers())


async def test_a_purged_needle_mover_is_rebuilt_and_told(desk: Desk, say: Any) -> None:
    await purged(desk, say)
    events = await run(desk)
    kinds = [each["kind"] for each in events]
    assert (kinds[0], kinds[-1]) == ("started", "done")
    labels = [each for each in events if each["kind"] == "label"]
    assert events[0]["total"] == len({each["content_label_id"] for each in labels})
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    assert mover["evidence"]["linked"] == 3
    (created,) = [each for each in labels if each["outcome"] == "created"]
    assert created["needle_mover_id"] == mover["id"]
    (impact,) = [each for each in events if each["kind"] == "impact"]
    assert impact == {
        "kind": "impact", "needle_mover_id": mover["id"], "before": 0, "after": mover["impact"],
    }  # fmt: skip
    assert (events[-1]["created"], events[-1]["errors"]) == (1, 0)
    numbers = ("linked", "moved", "suggested", "created", "unchanged", "errors")
    assert sum(events[-1][name] for name in numbers) == events[0]["total"]


async def test_the_same_range_twice_is_all_unchanged(desk: Desk, say: Any) -> None:
    await purged(desk, say)
    await run(desk)
    before = (await desk(ListNeedleMovers()))["items"]
    again = await run(desk)
    assert {each["outcome"] for each in again if each["kind"] == "label"} == {"unchanged"}
    assert not [each for each in again if each["kind"] == "impact"]
    assert again[-1]["unchanged"] == again[0]["total"]
    assert (await desk(ListNeedleMovers()))["items"] == before


async def test_a_needle_mover_of_a_person_takes_what_fits_it_better(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    first = (await desk(ListEvidence(id=mover["id"])))["items"][0]
    await desk(DecideEvidence(id=mover["id"], evidence_id=first["id"], state="linked"))
    rules = MatchingRules(patterns=("CSV",))
    made = await desk(CreateNeedleMover(title="CSV", kind="issue", rules=rules))
    events = await run(desk)
    moved = {each["needle_mover_id"] for each in events if each.get("outcome") == "moved"}
    assert moved == {made["id"]}
    assert (await desk(ReadNeedleMover(id=mover["id"])))["evidence"]["linked"] == 1
    assert (await desk(ReadNeedleMover(id=made["id"])))["evidence"]["linked"] == 2


async def test_one_job_at_a_time_and_no_purge_meanwhile(desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await purged(desk, say)
    begun, gate, whole_load = asyncio.Event(), asyncio.Event(), reprocess.index.load

    async def held(ctx: Any) -> Any:
        begun.set()
        await gate.wait()
        return await whole_load(ctx)

    monkeypatch.setattr(reprocess.index, "load", held)
    first = await desk.publish(whole(desk))
    await begun.wait()
    assert await desk.refusal(whole(desk)) == (409, "reprocess_running")
    assert await desk.refusal(PurgeNeedleMovers()) == (409, "reprocess_running")
    gate.set()
    assert (await told(desk, first))[-1]["kind"] == "done"
    assert (await run(desk))[-1]["kind"] == "done"


async def test_a_cancelled_job_leaves_the_way_free(desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await purged(desk, say)
    begun = asyncio.Event()

    async def held(ctx: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(reprocess.index, "load", held)
        first = await desk.publish(whole(desk))
        await begun.wait()
        await desk.bus.cancel(desk.workspace, first, "test")
        await told(desk, first)
    assert (await run(desk))[-1]["kind"] == "done"


async def test_a_job_that_fails_goes_on_where_it_was(desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told and committed before the failure is neither done nor counted again."""
    await purged(desk, say)
    load, calls = reprocess.index.load, 0

    async def fails_once(ctx: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("broken off")
        return await load(ctx)

    monkeypatch.setattr(reprocess.index, "load", fails_once)
    message = await desk.publish(whole(desk))
    await desk.drain()
    desk.clock.advance(5)
    await desk.drain()
    events = await told(desk, message)
    done = events[-1]
    assert done["kind"] == "done"
    numbers = ("linked", "moved", "suggested", "created", "unchanged", "errors")
    assert sum(done[name] for name in numbers) == events[0]["total"]
    assert [each["kind"] for each in events].count("started") == 1


@pytest.mark.parametrize(
    "fields",
    [{"from_": 5, "until": 5}, {"from_": START * 1000, "until": START * 1000 + 1}, {"from_": "today", "until": START}],
)
async def test_a_range_that_is_none_is_refused(desk: Desk, fields: dict[str, Any]) -> None:
    with pytest.raises((ValueError, InvalidMessage)):
        await desk.publish(ReprocessNeedleMovers(**fields))
