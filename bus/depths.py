"""How much there is to do: what is due, waiting, parked and dead, a runner and a topic."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from needlework.bus.clock import rfc3339
from needlework.bus.sql import Queries
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "inspection.sql")


class Depths:
    """Counts for people; every one of them is limited to a workspace."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus

    async def _rows(self, name: str, **values: Any) -> list[Any]:
        return await self._bus.store.read(_sql(name, **values))

    def orphans(self) -> list[tuple[str, int]]:
        """(topic, unfinished deliveries) of topics that no loaded code knows."""
        store = self._bus.store
        return [
            (store.names.get(topic, "?"), unfinished)
            for (_, topic), unfinished in self._bus.backlog.items()
            if unfinished > 0 and topic not in store.topics_by_number
        ]

    async def ready(self) -> dict[str, Any]:
        """Whether it can take work: the database answers, the runners are owned."""
        checks = {"database": True}
        checks["accepting"] = not self._bus.dispatcher.stopping
        try:
            owned = await self._bus.sharing.owners()
            checks["runners"] = all(name in owned for name in self._bus.registry.runners)
            checks["same_code"] = len({each.fingerprint for each in await self._bus.processes_attached()}) <= 1
        except Exception:
            checks["database"] = False
        return {"ready": checks["database"] and checks["accepting"], "checks": checks}

    async def due(self, workspace: int) -> dict[str, int]:
        """How many deliveries are due for each runner in a workspace."""
        lanes = self._bus.store.runners.values()
        return {lane.name: await self.count_due(lane.number, workspace) for lane in lanes}

    async def count_due(self, runner: int, workspace: int) -> int:
        """Deliveries of a runner that are due now, counted up to 100,000."""
        now = self._bus.clock.now()
        return int((await self._rows("count_due", runner=runner, workspace=workspace, now=now))[0][0])

    async def runners(self, workspace: Workspace) -> list[dict[str, Any]]:
        """Every runner with its policy and its depth here: what is due waits, what is due later is scheduled."""
        found = []
        owned, now = await self._bus.sharing.owners(), self._bus.clock.now()
        for name, runner in self._bus.registry.runners.items():
            lane = self._bus.store.runners[name]
            queue = self._bus.dispatcher.queues.get(name)
            depth = (await self._rows("queue_depth", runner=lane.number, workspace=workspace.id, now=now))[0]
            running = sum(1 for d in queue.held.values() if d.started and d.workspace == workspace.id) if queue else 0
            times = await self._bus.scheduler.times(name, workspace)
            found.append({
                "id": name, "description": runner.policy.description, "mode": runner.policy.mode,
                "concurrency": runner.policy.concurrency, "paused": name in self._bus.controls.paused_runners,
                "topics": sorted(runner.topics), "waiting": max(0, depth["waiting"] - running), "running": running,
                "scheduled": depth["scheduled"], "parked": depth["parked"], "dead": depth["dead"],
                "live": name in owned, "schedule": runner.policy.schedule, "next_run": _moment(times["next"]),
                "last_run": _moment(times["last"]),
            })  # fmt: skip
        return found

    async def counts(self, workspace: Workspace) -> dict[str, Any]:
        """Deliveries a topic: unfinished (waiting, those held back among them, and running) and dead."""
        await self._bus.neighbours.count_again()
        dead = {row["topic"]: row["dead"] for row in await self._rows("dead_by_topic", workspace=workspace.id)}
        running = Counter(
            delivery.lane.name
            for queue in self._bus.dispatcher.queues.values()
            for delivery in queue.held.values()
            if delivery.started and delivery.workspace == workspace.id
        )
        found = {}
        for name, lane in self._bus.store.topics.items():
            if not lane.topic.policy.query:
                unfinished = self._bus.backlog.get((workspace.id, lane.number), 0)
                found[name] = {
                    "unfinished": unfinished, "waiting": max(0, unfinished - running[name]), "running": running[name],
                    "dead": dead.get(lane.number, 0),
                }  # fmt: skip
        return found


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
