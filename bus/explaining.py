"""Why a delivery is not running: one sentence, the same in the API, the command line and the page."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from needlework.bus.clock import SECOND
from needlework.bus.durations import show_duration
from needlework.bus.ids import message_id
from needlework.bus.sql import Queries

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "inspection.sql")


async def explain_delivery(bus: "Bus", row: Any, delivery: dict[str, Any]) -> dict[str, Any]:
    """{"runner", "state", "reason", "text"} of one delivery of message row `row`."""
    reason, text = await _explain(bus, row, delivery)
    return {"runner": delivery["runner"], "state": delivery["state"], "reason": reason, "text": text}


async def _explain(bus: "Bus", row: Any, delivery: dict[str, Any]) -> tuple[str, str]:
    state, runner = delivery["state"], delivery["runner"]
    if state == "parked":
        return await _parked(bus, row, delivery)
    if state == "dead":
        return "dead", f"dead ({delivery['reason']}): {str(delivery['error']).partition(chr(10))[0]}"
    if state == "refused":
        return state, f"refused: {delivery['error']}"
    if state in ("done", "cancelled"):
        return state, f"it ended: {state}"
    if state == "running":
        return _running(bus, row["seq"], runner)
    return await _waiting(bus, row, delivery)


async def _parked(bus: "Bus", row: Any, delivery: dict[str, Any]) -> tuple[str, str]:
    reason = str(delivery["reason"])
    if reason == "key":
        runner = bus.store.runners[delivery["runner"]].number
        place = (await bus.store.read(_sql("parked", seq=row["seq"], runner=runner)))[0]["place"]
        spot = (
            await bus.store.read(
                _sql(
                    "ahead", runner=runner, workspace=row["workspace"], topic=row["topic"], key=row["key"], place=place,
                    seq=row["seq"],
                )
            )
        )[0]  # fmt: skip
        created = await bus.store.read(_sql("created", seq=spot["head"])) if spot["head"] else []
        head = message_id(spot["head"], created[0]["created"]) if created else "another"
        return "key", f"behind {head} of the same key, with {spot['ahead']} more before it"
    texts = {
        "topic_paused": "its topic is paused",
        "tick_disabled": "ticks are disabled in this workspace; POST /api/tick/enable lets it go",
        "not_ticked": "its runner works only when it is ticked",
    }
    if reason.startswith("limit:"):
        return "limit", f"the shared limit {reason[6:]!r} is used up; it goes on when others end"
    return reason, texts.get(reason, reason)


def _running(bus: "Bus", seq: int, runner: str) -> tuple[str, str]:
    queue = bus.dispatcher.queues.get(runner)
    for worker in queue.workers if queue is not None else ():
        if worker.delivery is not None and worker.delivery.seq == seq and worker.why == "timeout":
            over = bus.clock.monotonic() - worker.deadline
            return "overrunning", f"overrunning: its time was up {over:.1f} s ago and it has not ended"
    return "running", "it is running"


async def _waiting(bus: "Bus", row: Any, delivery: dict[str, Any]) -> tuple[str, str]:
    runner = delivery["runner"]
    if runner not in bus.store.runners or bus.store.names[row["topic"]] not in bus.store.topics:
        return "no_live_runner", f"no code here takes it for {runner!r}: load its plug-in; it is stored and waits"
    number = bus.store.runners[runner].number
    spot = (await bus.store.read(_sql("position", seq=row["seq"], runner=number)))[0]
    left = spot["due"] - bus.clock.now()
    if left > 0:
        when = "retry" if spot["failures"] else "start"
        return "not_due", f"not due yet: it may {when} in {show_duration(left // SECOND * SECOND or left)}"
    if runner in bus.controls.paused_runners:
        return "runner_paused", f"runner {runner!r} is paused"
    owner = (await bus.sharing.owners()).get(runner)
    if owner is None:
        return "no_live_runner", f"no live process runs {runner!r}; it is stored and waits for one"
    if spot["suspicion"] == 2:
        return (
            "suspect",
            "suspect: the process died twice in its company; it runs alone, between stretches of normal work",
        )
    queue = bus.dispatcher.queues.get(runner)
    if queue is not None and queue.policy.mode == "tick":
        return "not_ticked", f"runner {runner!r} works only when it is ticked"
    if queue is not None and any(
        entry[2] == row["seq"] for limit in bus.dispatcher.limits.limits.values() for entry in limit.waiting
    ):
        return "limit", "a shared limit is used up; it goes on when others end"
    many = f"{bus.registry.runners[runner].policy.concurrency} run at once"
    if owner != bus.epoch:
        return "queued", f"due; {await _named(bus, owner)} runs {runner!r} ({many}): it runs there, or soon will"
    return "queued", f"due; others of {runner!r} come first ({many})"


async def _named(bus: "Bus", epoch: str) -> str:
    """A process as people find it."""
    found = [each for each in await bus.processes_attached() if each.epoch == epoch]
    return f"process {found[0].pid} ({found[0].role})" if found else "another process"
