"""What every store must keep of the moves that people make: redrive, purge, hasten. Beside `conformance.py`."""

from needlework.bus.letters import Redrive
from needlework.tests.bus.desk import Desk, Dropped, Ordered, Plain, seqs


async def bury(desk: Desk, **fields: object) -> list[int]:
    """Let everything that may be taken die; the messages."""
    fields = {"error": "Error: no", **fields}
    found = await desk.take()
    for delivery in found:
        assert await desk.finish(delivery, "dead", **fields) is None
    return [delivery.seq for delivery in found]


def letter(desk: Desk, seq: int, runner: str = "first") -> Redrive:
    """A dead letter to be let go again as it is."""
    return Redrive(seq, desk.store.runners[runner], "me")


class PeopleConformance:
    """One class an engine, as `StoreConformance`."""

    async def test_redrive_hands_a_dead_letter_over_again_with_a_greater_attempt(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        (dead,) = await desk.take()
        await desk.finish(dead, "dead", error="Error: no")
        assert await desk.store.redrive([letter(desk, receipt.seq)]) == [receipt.seq]
        (again,) = await desk.take()
        assert (again.seq, again.attempt, again.failures) == (receipt.seq, dead.attempt + 1, 0)
        assert await desk.value("SELECT count(*) FROM dead") == 0
        assert await desk.rows("SELECT attempt, error FROM attempts") == [(1, "Error: no")]

    async def test_redrive_of_what_is_not_dead_changes_nothing(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        assert await desk.store.redrive([letter(desk, receipt.seq), letter(desk, 99)]) == [None, None]
        await bury(desk)
        assert await desk.store.redrive([letter(desk, receipt.seq)] * 2) == [receipt.seq, None]
        assert len(await desk.take()) == 1
        assert await desk.value("SELECT unfinished FROM backlog") == 1

    async def test_redrive_goes_to_the_runner_that_failed_and_to_no_other(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered())
        await bury(desk)
        await desk.store.redrive([letter(desk, receipt.seq, "second")])
        assert seqs(await desk.take()) == [("second", receipt.seq)]
        assert await desk.value("SELECT count(*) FROM dead") == 1

    async def test_redrive_joins_the_tail_of_its_key(self, desk: Desk) -> None:
        first = await desk.insert(Ordered())
        await bury(desk)
        others = [await desk.insert(Ordered()) for _ in range(2)]
        await desk.store.redrive([letter(desk, first.seq)])
        last = await desk.insert(Ordered())
        started = []
        for _ in range(4):
            (mine,) = [each for each in await desk.take() if each.runner.name == "first"]
            started.append(mine.seq)
            await desk.finish(mine)
        assert started == [others[0].seq, others[1].seq, first.seq, last.seq]

    async def test_redrive_comes_before_what_is_due_later(self, desk: Desk) -> None:
        first = await desk.insert(Ordered())
        await bury(desk)
        await desk.insert(Ordered(), due=desk.clock.now() + 5_000_000)
        await desk.store.redrive([letter(desk, first.seq)])
        assert seqs(await desk.take()) == [("first", first.seq)]

    async def test_redrive_goes_on_from_the_resume_point(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        (delivery,) = await desk.take()
        await desk.finish(delivery, "step", data=b"[2]")
        await desk.finish(delivery, "dead", error="Error: no")
        await desk.store.redrive([letter(desk, receipt.seq)])
        (again,) = await desk.take()
        assert again.cursor == "[2]"

    async def test_redrive_survives_a_crash_before_it_is_taken(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered())
        await bury(desk)
        await desk.store.redrive([letter(desk, receipt.seq)])
        await desk.crash()
        await desk.open()
        await desk.own()
        assert seqs(await desk.take()) == [("first", receipt.seq)]

    async def test_redrive_keeps_to_a_paused_topic(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        await bury(desk)
        desk.controls.paused_topics = frozenset(("t.plain",))
        await desk.store.redrive([letter(desk, receipt.seq)])
        assert await desk.take() == []
        desk.controls.paused_topics = frozenset()
        assert await desk.store.unpark("topic_paused", 10) == 1
        (again,) = await desk.take()
        assert again.attempt == 1

    async def test_redrive_with_another_payload_is_a_new_message_for_that_runner(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered(body=1))
        await bury(desk)
        lane = desk.store.topics["t.ordered"]
        patched = desk.new(Ordered(body=2), cause=receipt.seq)
        patched.lane = type(lane)(lane.topic, lane.number, (desk.store.runners["first"],))
        redrive = Redrive(receipt.seq, desk.store.runners["first"], "me", patched)
        (new,) = await desk.store.redrive([redrive])
        assert new is not None
        assert new > receipt.seq
        assert seqs(await desk.take()) == [("first", new)]
        bodies = await desk.rows("SELECT CAST(body AS TEXT), owed, cause FROM messages ORDER BY seq")
        assert bodies == [('{"key":0,"body":1}', 2, None), ('{"key":0,"body":2}', 1, receipt.seq)]
        assert await desk.rows("SELECT kind FROM events ORDER BY seq DESC LIMIT 1") == [("log",)]

    async def test_redrive_is_not_absorbed_and_absorbs_nothing(self, desk: Desk) -> None:
        receipt = await desk.insert(Dropped())
        await bury(desk)
        await desk.store.redrive([letter(desk, receipt.seq)])
        assert (await desk.insert(Dropped())).seq != receipt.seq

    async def test_redriven_poison_runs_alone(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        await bury(desk, reason="poison")
        await desk.store.redrive([letter(desk, receipt.seq)])
        (again,) = await desk.take()
        assert (again.suspicion, again.deaths) == (2, 0)

    async def test_prune_keeps_what_was_redriven_until_it_has_ended(self, desk: Desk) -> None:
        """Law: an unfinished message is never removed, however long ago it died once."""
        receipt = await desk.insert(Ordered())
        await bury(desk)
        desk.clock.advance(3601)
        both = [letter(desk, receipt.seq, name) for name in ("first", "second")]
        await desk.store.redrive(both)
        assert await desk.prune() == 0
        for delivery in await desk.take():
            await desk.finish(delivery)
        assert await desk.prune() == 0
        desk.clock.advance(3601)
        assert await desk.prune() == 1

    async def test_prune_keeps_the_first_body_for_a_retention_after_a_redrive_with_another(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered())
        (_, second) = await bury(desk), letter(desk, receipt.seq, "second")
        desk.clock.advance(3601)
        lane = desk.store.topics["t.ordered"]
        patched = desk.new(Ordered(body=2))
        patched.lane = type(lane)(lane.topic, lane.number, (desk.store.runners["first"],))
        await desk.store.redrive([Redrive(receipt.seq, desk.store.runners["first"], "me", patched)])
        assert await desk.store.purge([(second.seq, second.runner.number)]) == 1
        assert await desk.prune() == 0
        desk.clock.advance(3601)
        assert await desk.prune() == 1
        assert await desk.rows("SELECT cause FROM messages") == [(None,)]

    async def test_purge_removes_dead_letters_once(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain())
        await bury(desk)
        number = desk.store.runners["first"].number
        assert await desk.store.purge([(receipt.seq, number)]) == 1
        assert await desk.store.purge([(receipt.seq, number)]) == 0
        assert await desk.store.redrive([letter(desk, receipt.seq)]) == [None]

    async def test_hasten_lets_waiting_retries_run_now_and_nothing_else(self, desk: Desk) -> None:
        first, lane = await desk.insert(Ordered()), desk.store.runners["first"]
        delayed = await desk.insert(Plain(), due=desk.clock.now() + 9_000_000)
        for delivery in await desk.take():
            await desk.retry(delivery, 5)
        assert await desk.store.hasten([(first.seq, lane), (delayed.seq, lane), (99, lane)]) == 1
        assert seqs(await desk.take()) == [("first", first.seq)]
        assert await desk.store.hasten([(first.seq, lane)]) == 0
