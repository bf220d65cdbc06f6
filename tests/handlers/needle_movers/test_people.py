"""What people do with needle movers: create, change, decide on evidence, merge, purge, restore."""

from typing import Any

import pytest
from needlework.bus.errors import InvalidMessage
from needlework.handlers.needle_movers.messages import (
    CountNeedleMovers,
    CreateNeedleMover,
    DecideEvidence,
    ListNeedleMovers,
    MatchEntity,
    MatchingRules,
    MergeNeedleMovers,
    NeedleMoverCandidate,
    PurgeNeedleMovers,
    ReadNeedleMover,
    RestoreNeedleMovers,
    UpdateNeedleMover,
)
from needlework.handlers.needle_movers.thresholds import learned
from needlework.handlers.times import DAY
from needlework.tests.handlers.needle_movers.kit import emerged, evidence, movers

pytestmark = pytest.mark.anyio
Desk = Any


async def create(desk: Desk, title: str = "Exports", **fields: Any) -> str:
    made = await desk(CreateNeedleMover(title=title, kind=fields.pop("kind", "issue"), **fields))
    await desk.drain()
    return str(made["id"])


async def test_the_greatest_impact_comes_first_and_pages_hold_each_once(desk: Desk) -> None:
    for number, impact in enumerate((10, 90, 50, 50, None)):
        await create(desk, f"Mover {number}", impact_override=impact)
    whole = await movers(desk)
    assert [each["impact"] for each in whole] == [90, 50, 50, 10, 0]
    found, cursor = [], None
    while True:
        page = await desk(ListNeedleMovers(limit=2, cursor=cursor))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole


async def test_they_are_counted_by_status_but_for_those_that_are_deleted(desk: Desk) -> None:
    for status in ("active", "active", "dismissed"):
        await create(desk, status=status)
    assert await desk(CountNeedleMovers()) == {"active": 2, "dismissed": 1}
    await desk(PurgeNeedleMovers())
    assert await desk(CountNeedleMovers()) == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "risk"}, ["B"]),
        ({"status": "active"}, ["A", "B"]),
        ({"owner_id": "jo"}, ["A"]),
        ({"q": "late"}, ["B"]),
        ({"status": "dismissed"}, ["C"]),
        ({"q": "100%"}, []),
    ],
)
async def test_filters_choose(desk: Desk, fields: dict[str, Any], expected: list[str]) -> None:
    await create(desk, "A", owner_id="jo")
    await create(desk, "B", kind="risk", description="Always late")
    await create(desk, "C", status="dismissed")
    assert sorted(each["title"] for each in await movers(desk, **fields)) == expected


async def test_what_is_left_out_of_a_change_stays_and_null_takes_away(desk: Desk) -> None:
    made = await create(desk, owner_id="jo", impact_override=70)
    changed = await desk(UpdateNeedleMover(id=made, status="in_progress", owner_id=None))
    assert (changed["owner_id"], changed["status"], changed["impact"]) == (None, "in_progress", 70)
    assert (await desk(UpdateNeedleMover(id=made, impact_override=None)))["impact"] == 0
    again = await desk(UpdateNeedleMover(id=made, status="in_progress"))
    assert again == await desk(ReadNeedleMover(id=made))


async def test_an_id_of_ones_own_is_taken_once(desk: Desk) -> None:
    await create(desk, id="nm_exports")
    assert await desk.refusal(CreateNeedleMover(id="nm_exports", title="Again", kind="risk")) == (409, "exists")
    with pytest.raises((ValueError, InvalidMessage)):
        await desk.publish(CreateNeedleMover(id="exports", title="x", kind="risk"))


async def test_a_rejection_is_final(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    first = (await evidence(desk, found["id"]))[0]
    decided = await desk(DecideEvidence(id=found["id"], evidence_id=first["id"], state="rejected"))
    assert (decided["state"], decided["decided_by"]) == ("rejected", "system")
    await desk.drain()
    for fields in ({"description": "Fails for many rows"}, {"rules": MatchingRules(patterns=("CSV export",))}):
        await desk(UpdateNeedleMover(id=found["id"], **fields))
        await desk.drain()
        await desk(MatchEntity(entity_type="conversation", entity_id="conv_0"))
        after = await desk(ReadNeedleMover(id=found["id"]))
        assert after["evidence"] == {"linked": 2, "suggested": 0, "rejected": 1}
    assert after["impact"] < found["impact"]


async def test_a_decision_taken_twice_is_one(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    first = (await evidence(desk, found["id"]))[0]
    decide = DecideEvidence(id=found["id"], evidence_id=first["id"], state="linked")
    assert await desk(decide) == await desk(decide)


async def test_a_severity_that_a_person_states_counts(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    for each in await evidence(desk, found["id"]):
        await desk(DecideEvidence(id=found["id"], evidence_id=each["id"], severity=3))
    after = await desk(ReadNeedleMover(id=found["id"]))
    assert after["impact_breakdown"]["components"]["severity"] == pytest.approx(1.0, abs=0.001)
    assert after["impact"] > found["impact"]


async def test_rules_link_for_certain_and_keep_out(desk: Desk, say: Any) -> None:
    made = await create(
        desk,
        "Imports",
        rules=MatchingRules(patterns=("table * rows",), exclude=("crashes",), external_keys=("a/b#12",)),
    )
    await say("acme", "The report is broken: a table of three rows is empty.")
    await say("blue", "It crashes with an error when the table has rows.")
    await say("cato", "As in A/B#12, the login page shows an error.")
    found = {each["account_id"]: each for each in await evidence(desk, made)}
    assert set(found) == {"acct_acme", "acct_cato"}
    assert {each["score"] for each in found.values()} == {1.0}
    assert {each["provenance"] for each in found.values()} == {"rule"}


async def test_a_merged_mover_gives_its_evidence_and_points_to_the_other(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    other = await create(desk, "Data export")
    merged = await desk(MergeNeedleMovers(id=found["id"], into=other))
    assert (merged["id"], merged["evidence"]["linked"], merged["impact"]) == (other, 3, found["impact"])
    read = await desk(ReadNeedleMover(id=found["id"]))
    assert (read["status"], read["merged_into"], read["evidence"]["linked"]) == ("merged", other, 0)
    for message in (
        MergeNeedleMovers(id=found["id"], into=other),
        MergeNeedleMovers(id=other, into=found["id"]),
        UpdateNeedleMover(id=found["id"], title="x"),
    ):
        assert await desk.refusal(message) == (409, "merged")
    assert await desk.refusal(MergeNeedleMovers(id=other, into=other)) == (422, "same")
    assert [each["id"] for each in await movers(desk)] == [other]
    assert [each["id"] for each in await movers(desk, status="merged")] == [found["id"]]


async def test_a_purge_hides_all_and_a_restore_brings_all_back(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    mine = await create(desk, "Mine", kind="risk")
    before = await movers(desk)
    assert (await desk(PurgeNeedleMovers(dry_run=True)))["deleted"] == 2
    purged = await desk(PurgeNeedleMovers())
    assert purged["deleted"] == 2
    assert await movers(desk) == []
    assert (await desk(PurgeNeedleMovers()))["deleted"] == 0
    assert await desk.refusal(UpdateNeedleMover(id=mine, title="x")) == (404, "not_found")
    assert await desk(RestoreNeedleMovers(purge_id=purged["purge_id"])) == {
        "restored": 2, "purge_id": purged["purge_id"],
    }  # fmt: skip
    after = await movers(desk)
    assert [(each["id"], each["impact"], each["evidence"]) for each in after] == [
        (each["id"], each["impact"], each["evidence"]) for each in before
    ]
    assert await desk.refusal(RestoreNeedleMovers(purge_id=purged["purge_id"])) == (409, "restored")
    assert found["id"] in {each["id"] for each in after}


async def test_after_a_purge_evidence_makes_its_needle_mover_anew(desk: Desk, say: Any) -> None:
    """The cursors of freed evidence are reset, so that a look at all labels hands it over again."""
    found = await emerged(desk, say)
    purged = await desk(PurgeNeedleMovers())
    await desk.publish(NeedleMoverCandidate())
    await desk.drain()
    (again,) = await movers(desk)
    assert again["id"] != found["id"]
    assert again["evidence"]["linked"] == 3
    await desk(RestoreNeedleMovers(purge_id=purged["purge_id"]))
    linked = {each["id"]: each["evidence"]["linked"] for each in await movers(desk)}
    assert linked == {again["id"]: 3, found["id"]: 0}


async def test_a_purge_keeps_to_its_range_and_spares_what_people_made(desk: Desk, say: Any) -> None:
    await emerged(desk, say)
    await create(desk, "Mine", kind="risk")
    now = desk.clock.now() // 1_000_000
    assert (await desk(PurgeNeedleMovers(until=now - 60)))["deleted"] == 0
    assert (await desk(PurgeNeedleMovers(from_=now - 60, include_user_created=False)))["deleted"] == 1
    assert [each["title"] for each in await movers(desk)] == ["Mine"]
    assert await desk.refusal(PurgeNeedleMovers(from_=now, until=now)) == (422, "empty_range")


async def test_after_a_week_a_purge_is_final(desk: Desk, say: Any) -> None:
    await emerged(desk, say)
    purged = await desk(PurgeNeedleMovers())
    desk.clock.step(7 * DAY / 1_000_000 + 1)
    assert await desk.refusal(RestoreNeedleMovers(purge_id=purged["purge_id"])) == (409, "expired")
    assert await desk.refusal(RestoreNeedleMovers(purge_id="purge_none")) == (404, "not_found")


async def test_another_workspaces_needle_movers_are_not_there(desk: Desk, say: Any) -> None:
    found = await emerged(desk, say)
    (first, *_) = await evidence(desk, found["id"])
    other = await desk.other("other")
    assert await movers(other) == []
    for message in (
        UpdateNeedleMover(id=found["id"], title="x"),
        MergeNeedleMovers(id=found["id"], into="nm_x"),
        DecideEvidence(id=found["id"], evidence_id=first["id"], state="rejected"),
    ):
        assert await other.refusal(message) == (404, "not_found")
    purged = await desk(PurgeNeedleMovers())
    assert await other.refusal(RestoreNeedleMovers(purge_id=purged["purge_id"])) == (404, "not_found")


def test_thresholds_need_fifty_decisions() -> None:
    assert learned([(0.9, True)] * 49) is None


def test_thresholds_follow_what_people_accept() -> None:
    strict = [(0.60 + n / 200, n >= 30) for n in range(60)]
    link, suggest = learned(strict) or (0, 0)
    assert link == pytest.approx(0.75, abs=0.02)
    assert suggest < link
    lenient = [(0.50 + n / 200, True) for n in range(60)]
    assert learned(lenient) == (0.5, 0.5)
    assert learned([(0.8, False)] * 60) == (0.9, 0.9)
