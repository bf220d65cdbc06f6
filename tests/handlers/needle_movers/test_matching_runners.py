"""From labels to needle movers: the scheduler, the matching, and what emerges from what customers say."""

from typing import Any

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.sql import Statement
from needlework.handlers.needle_movers import measuring, spans
from needlework.handlers.needle_movers.messages import (
    CreateNeedleMover,
    MatchEntity,
    NeedleMoverCandidate,
    ReadNeedleMover,
)
from needlework.tests.handlers.needle_movers.kit import EXPORTS, evidence, movers

pytestmark = pytest.mark.anyio
Desk = Any


async def test_what_three_accounts_say_becomes_a_needle_mover(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS[:2]:
        await say(account, text)
    assert await movers(desk) == []
    await say(*EXPORTS[2])
    (found,) = await movers(desk)
    assert (found["kind"], found["status"], found["provenance"]) == ("issue", "suggested", "model")
    assert (found["evidence"]["linked"], found["accounts"]) == (3, 3)
    assert found["impact"] > 0
    quotes = {each["span"]["quote"] for each in await evidence(desk, found["id"])}
    assert quotes == {text for _, text in EXPORTS}


async def test_what_is_said_later_joins_and_raises_the_impact(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text, ago=10)
    (before,) = await movers(desk)
    await say("cato", "Our CSV export fails again with the same error, the table has 5,000 rows.")
    (after,) = await movers(desk)
    assert after["evidence"]["linked"] == 4
    assert after["impact"] > before["impact"]
    (last,) = (await evidence(desk, after["id"]))[3:]
    assert set(last["components"]) == {"embedding", "lexical", "compat", "account"}
    assert 0.62 <= last["score"] <= 1


async def test_something_else_joins_nothing(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    await say("blue", "The password reset mail never arrives, that is broken.")
    (found,) = await movers(desk)
    assert found["evidence"] == {"linked": 3, "suggested": 0, "rejected": 0}


async def test_one_account_alone_makes_no_needle_mover(desk: Desk, say: Any) -> None:
    for _, text in EXPORTS:
        await say("acme", text)
    assert await movers(desk) == []


async def test_one_span_as_severe_as_can_be_makes_one(desk: Desk, say: Any) -> None:
    await say("acme", "We are seriously considering cancelling our subscription.")
    (found,) = await movers(desk)
    assert (found["kind"], found["title"]) == ("risk", "Considering cancelling the subscription")
    assert found["evidence"]["linked"] == 1


async def test_spans_more_than_thirty_days_apart_do_not_meet(desk: Desk, say: Any) -> None:
    for (account, text), ago in zip(EXPORTS, (0, 20, 45), strict=True):
        await say(account, text, ago=ago)
    assert await movers(desk) == []


async def test_a_second_look_schedules_nothing(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text, match=False)
    await desk.bus.pause("needle_mover", "test")
    await desk(NeedleMoverCandidate())
    assert await desk(NeedleMoverCandidate()) == {"scheduled": 0}
    one = NeedleMoverCandidate(entity_type="conversation", entity_id="conv_0", version="v1")
    assert await desk(one) == {"scheduled": 0}
    waiting = await desk.bus.messages(desk.workspace, topic="needle_mover")
    assert len(waiting["items"]) == 3


async def test_a_look_asks_for_nothing_that_was_looked_at_before(
    desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each conversation was asked for twice: for its own sake, and again by the next look at all new labels."""
    asked: list[str] = []
    labels = spans.labels

    async def listen(ctx: Any, type_: Any, id_: str) -> Any:
        asked.append(id_)
        return await labels(ctx, type_, id_)

    for text in (*(text for _, text in EXPORTS), "Could you send me the invoice, please?"):
        await say("acme", text, match=False)
    await say("acme", "The login page crashes when I press the button.", id="conv_missed", match=False)
    lost = Statement("DELETE FROM needle_mover_cursors WHERE entity_id = ?", ("conv_missed",))
    await desk.bus.store.write([lost])
    await desk.bus.pause("needle_mover", "test")
    monkeypatch.setattr(spans, "labels", listen)
    assert await desk(NeedleMoverCandidate()) == {"scheduled": 1}
    assert asked == ["conv_missed"]
    assert await desk(NeedleMoverCandidate()) == {"scheduled": 0}
    assert asked == ["conv_missed"]


async def test_matching_again_changes_nothing(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    (before,) = await movers(desk)
    assert await desk(MatchEntity(entity_type="conversation", entity_id="conv_0")) == {"impacts": []}
    assert await movers(desk) == [before]


async def test_a_text_that_changed_takes_its_evidence_along(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    (before,) = await movers(desk)
    await say("cato", "All is well, thank you.", id="conv_2")
    after = await desk(ReadNeedleMover(id=before["id"]))
    assert (after["evidence"]["linked"], after["accounts"]) == (2, 2)
    assert after["impact"] < before["impact"]


async def test_what_waits_is_matched_with_a_needle_mover_that_a_person_creates(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS[:2]:
        await say(account, text)
    made = await desk(CreateNeedleMover(title="CSV export fails with an error for large tables", kind="issue"))
    await desk.drain()
    found = await desk(ReadNeedleMover(id=made["id"]))
    assert found["evidence"]["linked"] + found["evidence"]["suggested"] == 2
    assert len(await movers(desk)) == 1


async def test_two_at_once_make_one_needle_mover(desk: Desk, say: Any) -> None:
    """Both saw the pool before the other's mover was there: the guard makes the second look again."""
    for account, text in EXPORTS:
        await say(account, text, match=False)
    for number in range(3):
        await desk.publish(MatchEntity(entity_type="conversation", entity_id=f"conv_{number}"))
    await desk.drain()
    (found,) = await movers(desk)
    assert found["evidence"]["linked"] == 3


async def test_a_suggestion_does_not_keep_spans_from_founding_their_own(desk: Desk, say: Any) -> None:
    """Three that spoke of the nightly backup were each suggested to the mover about exports, and found none."""
    for account, text in EXPORTS:
        await say(account, text)
    await say("acme", "The nightly backup fails with an error since the update.")
    await say("blue", "Our nightly backup job fails with an error since the last update.")
    assert len(await movers(desk)) == 1
    await say("cato", "Since the update our backup at night fails, with an error.")
    both = await movers(desk)
    assert [each["evidence"]["linked"] for each in both] == [3, 3]
    assert {each["evidence"]["suggested"] for each in both} == {0}


async def test_an_impact_with_much_behind_it_is_measured_once_for_many_links(
    desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was measured with each conversation, from all of its evidence: the square of what a large workspace says."""
    monkeypatch.setattr(measuring, "MUCH", 2)
    for account, text in EXPORTS:
        await say(account, text)
    (before,) = await movers(desk)
    for row in range(3):
        await say("blue", f"Our CSV export fails again with the same error, the table has {row + 2} million rows.")
    (waits,) = await movers(desk)
    assert (waits["evidence"]["linked"], waits["impact"]) == (6, before["impact"])
    asked = await desk.bus.messages(desk.workspace, topic="needle_movers.measure")
    assert len(asked["items"]) == 1
    desk.clock.advance(measuring.LATER // SECOND)
    await desk.drain()
    (after,) = await movers(desk)
    assert after["impact_breakdown"]["evidence"] == 6
