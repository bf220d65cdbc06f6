"""The movers in memory are those of the database, whoever changed them, and whoever they belong to."""

from typing import Any, cast

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.needle_movers import index, vectors
from needlework.handlers.needle_movers.messages import (
    CreateNeedleMover,
    DecideEvidence,
    MergeNeedleMovers,
    NeedleMoverCandidate,
    PurgeNeedleMovers,
    RestoreNeedleMovers,
    UpdateNeedleMover,
)
from needlework.tests.handlers.needle_movers.kit import EXPORTS, Desk, evidence, movers, shown

pytestmark = pytest.mark.anyio


class Look:
    """What `load` needs of a context."""

    def __init__(self, desk: Desk) -> None:
        self.bus, self.workspace, self.db = desk.bus, desk.workspace, desk.bus.reader

    @property
    def now(self) -> int:
        return int(self.bus.clock.now())


async def in_memory(desk: Desk) -> dict[str, Any]:
    """What is in memory, which must be what is read anew."""
    look: Any = Look(desk)
    kept = shown((await index.load(look)).crowd)
    anew = index._Kept()
    await index._bring_up_to_date(look, anew)
    assert shown(anew.crowd) == kept
    return kept


async def changes(desk: Desk, say: Any) -> list[dict[str, Any]]:
    """What is in memory after each kind of change; it is only ever brought up to date."""
    states = []

    async def note(what: Any) -> Any:
        await desk.drain()
        states.append(await in_memory(desk))
        return what

    for account, text in EXPORTS:
        await note(await say(account, text))
    (found,) = await movers(desk)
    first, second, _ = await evidence(desk, found["id"])
    other = await note(await desk(CreateNeedleMover(title="Exports are slow", kind="issue")))
    await note(await desk(DecideEvidence(id=found["id"], evidence_id=first["id"], state="linked")))
    await note(await desk(DecideEvidence(id=found["id"], evidence_id=second["id"], state="rejected")))
    await note(await desk(UpdateNeedleMover(id=other["id"], title="Exports take long", kind="risk")))
    await note(await say("cato", "All is well, thank you.", id="conv_2"))
    await note(await desk(MergeNeedleMovers(id=other["id"], into=found["id"])))
    purged = await note(await desk(PurgeNeedleMovers(include_user_created=True)))
    await note(await desk(RestoreNeedleMovers(purge_id=purged["purge_id"])))
    return states


async def test_what_is_in_memory_is_what_the_database_holds_after_every_change(desk: Desk, say: Any) -> None:
    states = await changes(desk, say)
    assert len({repr(state) for state in states}) == 7
    assert any(len(state) == 2 for state in states)
    assert {} in states[3:]


async def test_a_mover_that_did_not_change_is_not_read_again(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    await desk(CreateNeedleMover(title="Invoices are wrong", kind="issue"))
    await desk.drain()
    look: Any = Look(desk)
    before = {each.id: each for _, each in (await index.load(look)).crowd.placed()}
    await say("cato", "Our CSV export fails again with the same error, the table has 5,000 rows.")
    after = {each.id: each for _, each in (await index.load(look)).crowd.placed()}
    changed = {id_ for id_ in after if after[id_] is not before[id_]}
    assert len(after) == 2
    assert len(changed) == 1


async def test_workspaces_used_long_ago_give_way_to_others(
    desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    monkeypatch.setattr(index, "KEPT_BYTES", 1000)
    other: Any = Look(await desk.other("other"))
    assert len((await index.load(other)).crowd) == 0
    assert list(index._kept[desk.bus]) == [other.workspace.id]
    assert len(await in_memory(desk)) == 1


async def test_what_was_deleted_for_good_is_forgotten_within_an_hour(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    look: Any = Look(desk)
    crowd = (await index.load(look)).crowd
    desk.clock.advance(index.OLDEST // SECOND + 1)
    assert (await index.load(look)).crowd is not crowd


async def test_a_change_is_seen_after_the_latest_one_was_deleted_for_good(desk: Desk) -> None:
    """The next change got the number of one that was read already, so who looked every half hour never saw it."""
    kept = await desk(CreateNeedleMover(title="Exports are slow", kind="issue"))
    desk.clock.advance(60)
    since = rfc3339(desk.clock.now())
    for number in range(3):
        await desk(CreateNeedleMover(title=f"Invoices are wrong {number}", kind="issue"))
    desk.clock.advance(60)
    await desk(PurgeNeedleMovers(from_=since, until=rfc3339(desk.clock.now()), include_user_created=True))
    for _ in range(7 * 48 + 2):
        await index.load(cast(Any, Look(desk)))
        desk.clock.advance(1800)
    await desk.publish(NeedleMoverCandidate())
    await desk.drain()
    assert len(await in_memory(desk)) == 1
    await desk(UpdateNeedleMover(id=kept["id"], title="Exports take long"))
    assert [each[0] for each in (await in_memory(desk)).values()] == ["Exports take long"]


async def test_vectors_that_were_not_used_for_longest_give_way(desk: Desk, say: Any, monkeypatch: Any) -> None:
    for account, text in EXPORTS[:2]:
        await say(account, text)
    look: Any = Look(desk)
    monkeypatch.setattr(vectors, "MOST", 1)
    vectors._kept.pop(desk.bus, None)
    rows = await desk.bus.store.read(vectors.store.sql("pool_entities", workspace=desk.workspace.id, since=0, limit=9))
    assert len(rows) == 2
    statement = vectors.store.sql("entity_spans", workspace=desk.workspace.id, type="conversation", content="conv_0")
    (span,) = await desk.bus.store.read(statement)
    for _ in range(2):
        there, places = await vectors.of_spans(look, [span["id"], "span_gone"])
        assert there == [span["id"]]
        assert places.tobytes() == span["vector"]
