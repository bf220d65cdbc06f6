"""What every store must keep, move by move. The names of the tests are the specification.

An engine plugs in by subclassing `StoreConformance` and giving a fixture `desk` (see `test_sqlite_store.py`).
"""

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.errors import GuardFailed, IdempotencyConflict, LeaseLost
from needlework.bus.records import Slot
from needlework.bus.sql import Statement
from needlework.tests.bus.desk import Desk, Dropped, Ordered, Plain, seqs

NOTE = "INSERT INTO installation (key, value) VALUES (?, 'x')"


class StoreConformance:
    """One class an engine; each test has a store of its own, opened and owning its runners."""

    # insert

    async def test_insert_stores_one_delivery_for_each_runner_of_the_topic(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered())
        assert seqs(await desk.take()) == [("first", receipt.seq), ("second", receipt.seq)]

    async def test_insert_numbers_messages_in_commit_order_and_never_reuses_one(self, desk: Desk) -> None:
        first = await desk.insert(Plain())
        second = await desk.insert(Plain())
        await desk.stop()
        await desk.open()
        await desk.own()
        third = await desk.insert(Plain())
        assert first.seq < second.seq < third.seq

    async def test_insert_of_several_is_all_or_none(self, desk: Desk) -> None:
        await desk.insert(Plain(body=1), idempotency_key="k")
        messages = [desk.new(Plain()), desk.new(Plain(body=2), idempotency_key="k")]
        with pytest.raises(IdempotencyConflict):
            await desk.store.insert(messages)
        assert await desk.value("SELECT count(*) FROM messages") == 1

    async def test_insert_with_a_known_idempotency_key_answers_the_first_message(self, desk: Desk) -> None:
        first = await desk.insert(Plain(), idempotency_key="k", due=desk.clock.now() + SECOND)
        again = await desk.insert(Plain(), idempotency_key="k", due=desk.clock.now() + SECOND)
        assert (again.seq, again.id, again.due, again.deduplicated) == (first.seq, first.id, first.due, True)

    async def test_insert_repeated_within_one_transaction_answers_the_same_due_time(self, desk: Desk) -> None:
        due = desk.clock.now() + SECOND
        messages = [desk.new(Plain(), idempotency_key="k", due=due) for _ in range(2)]
        first, again = await desk.store.insert(messages)
        assert (again.seq, again.due, again.deduplicated) == (first.seq, due, True)

    async def test_insert_scopes_idempotency_keys_to_workspace_and_topic(self, desk: Desk) -> None:
        await desk.insert(Plain(), idempotency_key="k")
        assert not (await desk.insert(Plain(), idempotency_key="k", workspace=2)).deduplicated
        assert not (await desk.insert(Ordered(), idempotency_key="k")).deduplicated

    async def test_insert_with_a_slot_happens_once_for_that_slot(self, desk: Desk) -> None:
        slot = Slot("topic:t.plain", 1, 1000)
        assert len(await desk.store.insert([desk.new(Plain())], slot)) == 1
        assert await desk.store.insert([desk.new(Plain())], slot) == []

    async def test_insert_absorbed_by_a_waiting_message_takes_the_earlier_due_time(self, desk: Desk) -> None:
        """Story: after 30 s came 1 s, then 5 s, and the message moved back to 5 s. Law: the earlier due time wins."""
        now = desk.clock.now()
        first = await desk.insert(Dropped(), due=now + 30 * SECOND)
        second = await desk.insert(Dropped(), due=now + SECOND)
        third = await desk.insert(Dropped(), due=now + 5 * SECOND)
        assert [r.seq for r in (second, third)] == [first.seq] * 2
        assert [r.due for r in (second, third)] == [now + SECOND] * 2
        desk.clock.advance(1)
        assert seqs(await desk.take()) == [("first", first.seq)]

    async def test_insert_is_never_absorbed_by_what_was_taken(self, desk: Desk) -> None:
        first = await desk.insert(Dropped())
        await desk.take()
        assert (await desk.insert(Dropped())).seq != first.seq

    async def test_insert_keeps_the_order_of_a_key_over_a_clock_set_back_and_a_restart(self, desk: Desk) -> None:
        """Story: what was published after the restart started before what was published before it."""
        receipts = [await desk.insert(Ordered()) for _ in range(2)]
        desk.clock.step(-3600)
        receipts.append(await desk.insert(Ordered()))
        await desk.stop()
        await desk.open()
        await desk.own()
        receipts.append(await desk.insert(Ordered()))
        desk.clock.step(3600)
        started = []
        while mine := [each for each in await desk.take() if each.runner.name == "first"]:
            started += [each.seq for each in mine]
            await desk.finish(mine[0])
        assert started == [receipt.seq for receipt in receipts]

    # take

    async def test_take_finds_what_is_due_and_nothing_earlier(self, desk: Desk) -> None:
        receipt = await desk.insert(Plain(), due=desk.clock.now() + SECOND)
        desk.clock.advance(0.999999)
        assert await desk.take() == []
        desk.clock.advance(0.000001)
        assert seqs(await desk.take()) == [("first", receipt.seq)]

    async def test_take_hands_nothing_over_twice(self, desk: Desk) -> None:
        await desk.insert(Plain())
        assert len(await desk.take()) == 1
        assert await desk.take() == []

    async def test_take_pages_through_a_lane_in_order_of_due_time(self, desk: Desk) -> None:
        for _ in range(5):
            await desk.insert(Plain())
            desk.clock.advance(0.001)
        lane, cursor, found = desk.store.runners["first"], (0, 0), []
        while True:
            page = await desk.store.take(lane, (1, 5), cursor, 2, desk.clock.now())
            found += [delivery.seq for delivery in page.deliveries]
            cursor = page.cursor
            if not page.more:
                break
        assert found == sorted(found)
        assert len(found) == 5

    async def test_take_names_the_next_due_time_of_its_lane(self, desk: Desk) -> None:
        due = desk.clock.now() + 7 * SECOND
        await desk.insert(Plain(), due=due)
        page = await desk.store.take(desk.store.runners["first"], (1, 5), (0, 0), 10, desk.clock.now())
        assert (page.deliveries, page.more, page.next_due) == ([], False, due)

    async def test_take_offers_only_the_head_of_a_key(self, desk: Desk) -> None:
        head = await desk.insert(Ordered(key=1))
        await desk.insert(Ordered(key=1))
        other = await desk.insert(Ordered(key=2))
        first = [delivery.seq for delivery in await desk.take() if delivery.runner.name == "first"]
        assert first == [head.seq, other.seq]

    async def test_take_finds_a_keys_head_at_the_priority_of_its_best_member(self, desk: Desk) -> None:
        head = await desk.insert(Ordered(), priority=9)
        middle = await desk.insert(Ordered(), priority=5)
        await desk.insert(Ordered(), priority=1)
        for expected in (head, middle):
            taken = await desk.take()
            assert {(delivery.seq, delivery.priority) for delivery in taken} == {(expected.seq, 1)}
            for delivery in taken:
                await desk.finish(delivery)

    # complete, step, retry, bury

    async def test_complete_ends_the_delivery_and_promotes_the_next_of_its_key(self, desk: Desk) -> None:
        await desk.insert(Ordered())
        second = await desk.insert(Ordered())
        for delivery in await desk.take():
            assert await desk.finish(delivery) is None
        assert {seq for _, seq in seqs(await desk.take())} == {second.seq}

    async def test_complete_of_several_ends_all_of_them_or_none(self, desk: Desk) -> None:
        for n in range(12):
            await desk.insert(Plain(body=n))
        taken = list(await desk.take())
        assert await desk.complete(taken[:9]) is None
        assert isinstance(await desk.complete(taken[8:]), LeaseLost)  # the first of these has ended
        assert await desk.complete(taken[9:]) is None
        assert await desk.value("SELECT count(*) FROM deliveries") == 0
        assert await desk.value("SELECT count(DISTINCT message) FROM events WHERE kind = 'result'") == 12
        assert await desk.value("SELECT count(*) FROM events") == 12
        assert await desk.value("SELECT sum(unfinished) FROM backlog") == 0

    async def test_complete_of_many_heads_promotes_the_next_of_each_at_the_best_priority(self, desk: Desk) -> None:
        followers = ((), (5, 7), (7, 2))
        sent = {n: [await desk.insert(Ordered(key=n))] for n in range(70)}
        for n in range(70):
            sent[n] += [await desk.insert(Ordered(key=n), priority=each) for each in followers[n % 3]]
        heads = [each for each in await desk.take() if each.runner.name == "first"]
        assert await desk.complete(heads) is None
        after = {each.seq: each.priority for each in await desk.take() if each.runner.name == "first"}
        assert after == {sent[n][1].seq: min(followers[n % 3]) for n in range(70) if n % 3}
        assert await desk.value("SELECT count(*) FROM heads WHERE runner = ?", heads[0].runner.number) == len(after)

    async def test_complete_stores_the_last_report_before_the_end(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        assert await desk.complete([delivery], report=b"{}") is None
        assert await desk.rows("SELECT kind, data FROM events ORDER BY seq") == [("progress", b"{}"), ("result", None)]

    async def test_complete_commits_effects_and_messages_with_the_ack(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        child = desk.new(Plain(body=1))
        assert await desk.finish(delivery, statements=[Statement(NOTE, ("effect",))], messages=[child]) is None
        assert await desk.value("SELECT count(*) FROM installation WHERE key = 'effect'") == 1
        assert len(await desk.take()) == 1

    async def test_complete_with_a_failed_guard_changes_nothing(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        guarded = [Statement(NOTE, ("effect",)), Statement("DELETE FROM installation WHERE key = 'no'", (), 1)]
        answer = await desk.finish(delivery, statements=guarded, messages=[desk.new(Plain())])
        assert isinstance(answer, GuardFailed)
        assert await desk.value("SELECT count(*) FROM installation WHERE key = 'effect'") == 0
        assert await desk.value("SELECT count(*) FROM messages") == 1
        assert await desk.finish(delivery) is None

    async def test_a_finish_that_comes_twice_changes_nothing(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        assert await desk.finish(delivery) is None
        for kind in ("result", "dead", "retrying", "step"):
            again = await desk.finish(delivery, kind, statements=[Statement(NOTE, (kind,))], error="Error: x")
            assert isinstance(again, LeaseLost)
        assert await desk.value("SELECT count(*) FROM events") == 1
        assert await desk.value("SELECT count(*) FROM installation WHERE value = 'x'") == 0

    async def test_step_keeps_the_delivery_and_its_resume_point_survives_stop_and_crash(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        assert await desk.finish(delivery, "step", data=b"[2]") is None
        await desk.stop()
        await desk.open()
        await desk.own()
        (again,) = await desk.take()
        assert (again.cursor, again.attempt) == ("[2]", 0)
        await desk.crash()
        await desk.open()
        await desk.own()
        (once_more,) = await desk.take()
        assert (once_more.cursor, once_more.attempt) == ("[2]", 1)

    async def test_retry_waits_and_then_has_a_greater_attempt(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        assert await desk.retry(delivery, 5) is None
        assert await desk.take() == []
        desk.clock.advance(5)
        (again,) = await desk.take()
        assert again.attempt == delivery.attempt + 1

    async def test_retry_holds_its_key_back(self, desk: Desk) -> None:
        await desk.insert(Ordered())
        await desk.insert(Ordered())
        for delivery in await desk.take():
            await desk.retry(delivery, 5)
        assert await desk.take() == []

    async def test_bury_keeps_the_delivery_with_its_reason_and_promotes_the_next(self, desk: Desk) -> None:
        first = await desk.insert(Ordered())
        second = await desk.insert(Ordered())
        for delivery in await desk.take():
            await desk.finish(delivery, "dead", error="Error: no", reason="attempts")
        assert await desk.rows("SELECT DISTINCT message, reason, error FROM dead") == [
            (first.seq, "attempts", "Error: no")
        ]
        assert {seq for _, seq in seqs(await desk.take())} == {second.seq}

    # park, unpark, cancel

    async def test_park_puts_aside_and_unpark_lets_go_with_the_same_attempt(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        await desk.store.park(delivery, "limit:x")
        assert await desk.take() == []
        assert await desk.store.unpark("limit:x", 10) == 1
        (again,) = await desk.take()
        assert again.attempt == delivery.attempt

    async def test_unpark_keeps_to_reason_workspace_runner_and_number(self, desk: Desk) -> None:
        for workspace in (1, 1, 2):
            await desk.insert(Plain(), workspace=workspace)
        for delivery in await desk.take():
            await desk.store.park(delivery, "limit:x")
        assert await desk.store.unpark("limit:y", 10) == 0
        assert await desk.store.unpark("limit:x", 10, runner="second") == 0
        assert await desk.store.unpark("limit:x", 10, topic="t.ordered") == 0
        assert await desk.store.unpark("limit:x", 10, workspace=2) == 1
        assert await desk.store.unpark("limit:x", 1) == 1
        assert await desk.store.unpark("limit:x", 10) == 1

    async def test_unpark_never_touches_the_followers_of_a_key(self, desk: Desk) -> None:
        await desk.insert(Ordered())
        await desk.insert(Ordered())
        assert await desk.store.unpark("key", 10) == 0

    async def test_cancel_ends_what_waits_and_names_who_has_it_in_flight(self, desk: Desk) -> None:
        receipt = await desk.insert(Ordered())
        lane = desk.store.runners["first"]
        await desk.store.take(lane, (1, 5), (0, 0), 10, desk.clock.now())
        assert await desk.store.cancel(receipt.seq, "me") == (1, [lane.number])
        assert await desk.rows("SELECT kind FROM events") == [("cancelled",)]

    async def test_cancel_of_the_head_promotes_the_next_and_of_a_follower_nothing(self, desk: Desk) -> None:
        head, follower, last = [await desk.insert(Ordered()) for _ in range(3)]
        assert await desk.store.cancel(follower.seq, "me") == (2, [])
        assert await desk.store.cancel(head.seq, "me") == (2, [])
        assert {seq for _, seq in seqs(await desk.take())} == {last.seq}

    # own, rescue, release

    async def test_own_rescues_what_a_dead_owner_had_in_flight_with_a_greater_attempt(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        await desk.crash()
        await desk.open()
        assert await desk.own() == 1
        (again,) = await desk.take()
        assert (again.seq, again.attempt, again.suspicion) == (delivery.seq, 1, 1)

    @pytest.mark.crashes
    async def test_own_refuses_a_runner_whose_owner_lives(self, desk: Desk) -> None:
        await desk.crash()
        desk.living.add("epoch1")
        await desk.open()
        with pytest.raises(LeaseLost, match="belongs to a living process"):
            await desk.own()
        assert await desk.rows("SELECT DISTINCT epoch FROM owners") == [("epoch1",)]
        desk.store.writer.owned = set()

    async def test_own_raises_the_fence(self, desk: Desk) -> None:
        before = dict(desk.store.fences)
        await desk.crash()
        await desk.open()
        await desk.own()
        assert all(desk.store.fences[runner] > fence for runner, fence in before.items())

    @pytest.mark.crashes
    async def test_nothing_is_written_once_another_epoch_owns_a_runner(self, desk: Desk) -> None:
        await desk.insert(Plain())
        (delivery,) = await desk.take()
        desk.usurp()
        answer = await desk.finish(delivery, statements=[Statement(NOTE, ("effect",))])
        assert isinstance(answer, LeaseLost)
        with pytest.raises(LeaseLost):
            await desk.insert(Plain())
        assert await desk.rows("SELECT * FROM events") == []
        assert await desk.value("SELECT count(*) FROM messages") == 1
        desk.store.writer.owned = set()

    async def test_release_gives_back_without_costing_an_attempt(self, desk: Desk) -> None:
        await desk.insert(Plain())
        await desk.take()
        await desk.stop()
        await desk.open()
        assert await desk.own() == 0
        (again,) = await desk.take()
        assert (again.attempt, again.suspicion) == (0, 0)

    async def test_what_kills_its_process_twice_while_alone_is_poison(self, desk: Desk) -> None:
        await desk.insert(Plain())
        for _ in range(2):
            (delivery,) = await desk.take()
            await desk.crash()
            await desk.open()
            await desk.own()
            (delivery,) = await desk.take()
            await desk.store.mark(delivery, 2)
            await desk.crash()
            await desk.open()
            await desk.own()
        assert await desk.take() == []
        assert await desk.rows("SELECT reason FROM dead") == [("poison",)]

    async def test_deaths_in_company_bury_nobody(self, desk: Desk) -> None:
        await desk.insert(Plain())
        for _ in range(10):
            (delivery,) = await desk.take()
            await desk.store.mark(delivery, 1)
            await desk.crash()
            await desk.open()
            await desk.own()
        (delivery,) = await desk.take()
        assert (delivery.suspicion, delivery.deaths, delivery.attempt) == (2, 0, 10)

    # prune

    async def test_prune_removes_the_finished_past_their_retention_only(self, desk: Desk) -> None:
        finished, dead, unfinished = [await desk.insert(Ordered(key=key)) for key in range(3)]
        for delivery in await desk.take():
            if delivery.seq != unfinished.seq:
                await desk.finish(delivery, "result" if delivery.seq == finished.seq else "dead", error="Error: no")
        assert await desk.prune() == 0
        desk.clock.advance(3601)
        assert await desk.prune() == 1
        assert await desk.rows("SELECT seq FROM messages ORDER BY seq") == [(dead.seq,), (unfinished.seq,)]
        assert await desk.rows("SELECT DISTINCT message FROM events") == [(dead.seq,)]

    async def test_prune_goes_on_where_it_stopped_and_starts_again_at_the_end(self, desk: Desk) -> None:
        kept = await desk.insert(Ordered(key=99), due=desk.clock.now() + 10**12)
        for key in range(9):
            await desk.insert(Ordered(key=key))
        for delivery in await desk.take():
            await desk.finish(delivery)
        desk.clock.advance(3601)
        gone = [await desk.prune(4) for _ in range(4)]
        assert sum(gone) == 9
        assert await desk.rows("SELECT seq FROM messages") == [(kept.seq,)]

    # the fence of ordinary writes

    async def test_write_is_all_or_none(self, desk: Desk) -> None:
        statements = [Statement(NOTE, ("one",)), Statement("DELETE FROM installation WHERE key = 'no'", (), 1)]
        with pytest.raises(GuardFailed):
            await desk.store.write(statements)
        assert await desk.value("SELECT count(*) FROM installation WHERE key = 'one'") == 0
