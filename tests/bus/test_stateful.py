"""Any sequence of moves: the store and a model of a page's length must agree after each."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from needlework.bus.clock import SECOND
from needlework.bus.errors import IdempotencyConflict, LeaseLost
from needlework.bus.letters import Redrive
from needlework.bus.records import Delivery
from needlework.bus.sqlite import opening
from needlework.bus.testing import ManualClock
from needlework.tests.bus.desk import Desk, Dropped, Ordered, Plain, seqs
from needlework.tests.bus.model import Conflict, Model

KINDS = {"t.plain": Plain, "t.ordered": Ordered, "t.dropped": Dropped}
TAKERS = {"t.plain": ["first"], "t.ordered": ["first", "second"], "t.dropped": ["first"]}
DELAYS = st.sampled_from([None, None, 0, 1, 5, 5, 30])
PICK = st.integers(0, 999)


class StoreMachine(RuleBasedStateMachine):
    """Publish, take, end, redrive, retry, park, cancel, restart, crash, and a clock that is set."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.desk = Desk(Path(self.folder.name), self.clock, inline=True)
        self.model = Model(TAKERS)
        self.flight: dict[tuple[str, int], Delivery] = {}
        self.past: list[Delivery] = []
        self.run(self.desk.open())
        self.run(self.desk.own())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.desk.stop())
        self.loop.close()
        self.folder.cleanup()

    @rule(
        topic=st.sampled_from([*KINDS, "t.ordered"]),
        key=st.integers(0, 1),
        body=st.integers(0, 1),
        delay=DELAYS,
        priority=st.sampled_from([5, 5, 1]),
        idempotency=st.sampled_from([None, None, None, "a"]),
    )
    def publish(
        self, topic: str, key: int, body: int, delay: int | None, priority: int, idempotency: str | None
    ) -> None:
        now = self.clock.now()
        due = None if delay is None else now + delay * SECOND
        message = KINDS[topic](key, body)
        work = self.desk.insert(message, due=due, priority=priority, idempotency_key=idempotency,
                                idempotency_hash=body)  # fmt: skip
        try:
            expected = self.model.publish(topic, key, body, due, now, idempotency)
        except Conflict:
            with pytest.raises(IdempotencyConflict):
                self.run(work)
            return
        receipt = self.run(work)
        assert (receipt.seq, receipt.deduplicated) == expected

    @rule(delay=st.sampled_from([1, 5, 30]))
    def publish_the_same_again(self, delay: int) -> None:
        self.publish("t.dropped", 0, 0, delay, 5, None)

    @rule(count=st.integers(2, 4), key=st.integers(0, 1))
    def publish_a_queue(self, count: int, key: int) -> None:
        for body in range(count):
            self.publish("t.ordered", key, body % 2, None, 5, None)

    @rule()
    def take(self) -> None:
        expected = self.model.may_start(self.clock.now())
        found = self.run(self.desk.take())
        assert seqs(found) == expected
        for delivery in found:
            self.model.take(delivery.runner.name, delivery.seq, delivery.attempt)
            self.flight[delivery.runner.name, delivery.seq] = delivery

    def pick(self, number: int) -> tuple[str, int]:
        places = sorted(self.flight)
        return places[number % len(places)]

    @precondition(lambda self: self.flight)
    @rule(number=PICK, kind=st.sampled_from(["result", "refused", "dead", "cancelled"]))
    def end(self, number: int, kind: str) -> None:
        place = self.pick(number)
        delivery = self.flight.pop(place)
        assert self.run(self.desk.finish(delivery, kind, error="Error: no")) is None
        self.model.end(*place, dead=kind == "dead")
        self.past.append(delivery)

    @precondition(lambda self: self.model.dead)
    @rule(number=PICK, purge=st.sampled_from([False, False, False, True]))
    def redrive(self, number: int, purge: bool) -> None:
        runner, seq = sorted(self.model.dead)[number % len(self.model.dead)]
        lane = self.desk.store.runners[runner]
        if purge:
            assert self.run(self.desk.store.purge([(seq, lane.number)] * 2)) == 1
            del self.model.dead[runner, seq]
            return
        assert self.run(self.desk.store.redrive([Redrive(seq, lane, "me")] * 2)) == [seq, None]
        self.model.redrive(runner, seq, self.clock.now())
        self.clock.advance(0.000002)  # time passes between two commits

    @precondition(lambda self: self.flight)
    @rule(number=PICK, seconds=st.sampled_from([1, 5, 30]))
    def retry(self, number: int, seconds: int) -> None:
        place = self.pick(number)
        delivery = self.flight.pop(place)
        assert self.run(self.desk.retry(delivery, seconds)) is None
        self.model.retry(*place, self.clock.now() + seconds * SECOND)

    @precondition(lambda self: self.flight)
    @rule(number=PICK)
    def step(self, number: int) -> None:
        assert self.run(self.desk.finish(self.flight[self.pick(number)], "step", data=b"1")) is None

    @precondition(lambda self: self.flight)
    @rule(number=PICK)
    def park(self, number: int) -> None:
        place = self.pick(number)
        self.run(self.desk.store.park(self.flight.pop(place), "limit:x"))
        self.model.owed[place].state = "parked"

    @rule()
    def unpark(self) -> None:
        parked = [owed for owed in self.model.owed.values() if owed.state == "parked"]
        assert self.run(self.desk.store.unpark("limit:x", 100)) == len(parked)
        for owed in parked:
            owed.state = "waiting"

    @precondition(lambda self: self.model.last)
    @rule(number=PICK)
    def cancel(self, number: int) -> None:
        seq = number % self.model.last + 1
        ended, numbers = self.run(self.desk.store.cancel(seq, "me"))
        names = [self.desk.store.names[runner] for runner in numbers]
        expected = self.model.cancel(seq)
        assert (ended, sorted(names)) == (expected[0], sorted(expected[1]))

    @precondition(lambda self: self.past)
    @rule(number=PICK)
    def finish_again(self, number: int) -> None:
        stale = self.past[number % len(self.past)]
        events = self.run(self.desk.value("SELECT count(*) FROM events"))
        assert isinstance(self.run(self.desk.finish(stale)), LeaseLost)
        assert self.run(self.desk.value("SELECT count(*) FROM events")) == events

    @rule(crashed=st.booleans())
    def restart(self, crashed: bool) -> None:
        self.run(self.desk.crash() if crashed else self.desk.stop())
        self.run(self.desk.open())
        rescued = self.run(self.desk.own())
        assert rescued >= len(self.flight) if crashed else rescued == 0
        self.flight.clear()
        self.past.clear()
        self.model.restart(crashed=crashed)

    @rule(seconds=st.sampled_from([0.5, 1, 5, 30, 90_000]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-3600, -3, 3, 3600]))
    def set_the_clock(self, seconds: float) -> None:
        self.clock.step(seconds)

    @invariant()
    def what_is_owed_is_stored_once(self) -> None:
        rows = self.run(
            self.desk.rows("SELECT runner, message FROM deliveries UNION ALL SELECT runner, message FROM parked")
        )
        assert sorted((self.desk.store.names[runner], seq) for runner, seq in rows) == sorted(self.model.owed)
        dead = self.run(self.desk.rows("SELECT runner, message FROM dead"))
        assert sorted((self.desk.store.names[runner], seq) for runner, seq in dead) == sorted(self.model.dead)
        unfinished = self.run(self.desk.value("SELECT coalesce(sum(unfinished), 0) FROM backlog"))
        assert unfinished == len(self.model.owed)


def test_the_store_and_the_model_agree(long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WAL_PRESIZE", 4096)
    count, steps = (20_000, 50) if long else (200, 30)
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=count, stateful_step_count=steps, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
