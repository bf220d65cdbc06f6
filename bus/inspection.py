"""What people ask about the bus: one message, many, why one is not running, a batch, the runners, event streams."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.errors import Conflict, NotFound
from needlework.bus.explaining import explain_delivery
from needlework.bus.ids import message_id, message_seq
from needlework.bus.sql import Queries
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "inspection.sql")
_TOP = (1 << 63) - 1
_UNFINISHED = frozenset({"waiting", "running", "parked", "dead"})
_LOOKED, _STRETCHES = 20_000, 20
"""Messages of which one query finds what is not finished; such stretches, or pages, that one answer looks through."""
_STATE_OF = {"result": "done", "refused": "refused", "dead": "dead", "cancelled": "cancelled"}


class Inspection:
    """Reads for people; every one of them is limited to a workspace."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus

    async def _rows(self, name: str, **values: Any) -> list[Any]:
        return await self._bus.store.read(_sql(name, **values))

    async def latest_event(self) -> int:
        """The number of the last committed event."""
        return int((await self._rows("latest_event"))[0]["latest"])

    async def newest_created(self) -> int:
        """When the newest message was stored, microseconds UTC; 0 without messages."""
        return int((await self._rows("newest_created"))[0]["created"])

    async def backlog(self) -> dict[tuple[int, int], int]:
        """Unfinished deliveries a (workspace, topic)."""
        return {(row["workspace"], row["topic"]): row["unfinished"] for row in await self._rows("backlog")}

    async def outcome(self, seq: int, runner: int) -> Any | None:
        """The terminal event row of a delivery, or None."""
        rows = await self._rows("outcome", message=seq, runner=runner)
        return tuple(rows[0]) if rows else None

    async def seq_of(self, workspace: Workspace, id: str) -> int:
        """The number of a message of this workspace. Raises NotFound, the same for foreign and absent ones."""
        try:
            seq = message_seq(id)
        except ValueError:
            seq = -1
        rows = await self._rows("message", seq=seq, workspace=workspace.id)
        if not rows or message_id(seq, rows[0]["created"]) != id:
            raise NotFound(f"no message {id[:64]!r}")
        return seq

    async def message(self, workspace: Workspace, id: str) -> dict[str, Any]:
        """Everything about one message. Raises NotFound."""
        seq = await self.seq_of(workspace, id)
        row = (await self._rows("message", seq=seq, workspace=workspace.id))[0]
        deliveries = await self.deliveries(row)
        head = msgspec.json.decode(row["head"]) if row["head"] else {}
        key, data = self._key_and_data(row)
        endings = await self._rows("endings", seq=seq)
        return {
            **self._brief(row),
            "key": key,
            "data": data,
            "state": _state(deliveries),
            "principal": head.get("principal", "system"),
            "traceparent": head.get("traceparent"),
            "cause": await self._id_of(row["cause"]),
            "children": [message_id(r["seq"], r["created"]) for r in await self._rows("children", seq=seq)],
            "deliveries": deliveries,
            "result": self._result(row, endings),
            "events": (await self._rows("event_count", seq=seq))[0][0],
            "attempts": [
                {"runner": self._name(r["runner"]), "attempt": r["attempt"], "at": rfc3339(r["at"]), "kind": r["kind"],
                 "error": r["error"]}
                for r in await self._rows("history", seq=seq)
            ],
        }  # fmt: skip

    def _brief(self, row: Any) -> dict[str, Any]:
        return {
            "id": message_id(row["seq"], row["created"]),
            "topic": self._name(row["topic"]),
            "published": rfc3339(row["created"]),
            "due": rfc3339(row["due"]),
            "priority": row["priority"],
            "batch": row["batch"],
        }

    def _name(self, number: int) -> str:
        return self._bus.store.names.get(number, "?")

    async def _id_of(self, seq: int | None) -> str | None:
        rows = [] if seq is None else await self._rows("created", seq=seq)
        return message_id(seq, rows[0]["created"]) if rows and seq is not None else None

    def _key_and_data(self, row: Any) -> tuple[Any, Any]:
        data = msgspec.json.decode(row["body"])
        topic = self._bus.registry.topics.get(self._name(row["topic"]))
        if topic is None or not isinstance(data, dict):
            return None, data
        encoded = dict(zip(topic.type.__struct_fields__, topic.type.__struct_encode_fields__, strict=True))
        names = [encoded[field] for field in topic.key_fields]
        return {name: data.pop(name) for name in names if name in data}, data

    def _result(self, row: Any, endings: list[Any]) -> Any:
        topic = self._bus.registry.topics.get(self._name(row["topic"]))
        wanted = topic.replier if topic is not None else None
        for ending in endings:
            if wanted is None or self._name(ending["runner"]) == wanted:
                data = msgspec.json.decode(ending["data"]) if ending["data"] else None
                return data["$body"] if isinstance(data, dict) and "$body" in data else data
        return None

    async def deliveries(self, row: Any) -> list[dict[str, Any]]:
        """How each delivery of a message row stands."""
        endings = {ending["runner"]: ending for ending in await self._rows("endings", seq=row["seq"])}
        lane = self._bus.store.topics.get(self._name(row["topic"]))
        # a topic that this code does not know (its plug-in is gone): the runners that ever were are asked one by one
        numbers = [runner.number for runner in lane.runners] if lane else self._bus.store.all_runners
        numbers += [number for number in endings if number not in numbers]
        found = []
        for number in numbers:
            state = await self._delivery(row, number, endings.get(number))
            if state is not None:
                found.append(state)
        return found

    async def _delivery(self, row: Any, runner: int, ending: Any | None) -> dict[str, Any] | None:
        spot = (await self._rows("position", seq=row["seq"], runner=runner))[0]
        known: dict[str, Any] = {
            "runner": self._name(runner), "attempt": spot["attempt"], "due": rfc3339(spot["due"]), "reason": None,
            "error": None,
        }  # fmt: skip
        place = {
            "runner": runner,
            "workspace": row["workspace"],
            "priority": spot["priority"],
            "due": spot["due"],
        }
        queue = self._bus.dispatcher.queues.get(known["runner"])
        held = queue.held.get(row["seq"]) if queue is not None else None
        parked = await self._rows("parked", seq=row["seq"], runner=runner)
        if parked:
            return {
                **known,
                "state": "parked",
                "reason": parked[0]["reason"],
                "due": rfc3339(parked[0]["due"]),
            }
        if held is not None or await self._rows("waiting", seq=row["seq"], **place):
            return {**known, "state": "running" if held is not None and held.started else "waiting"}
        if ending is None:
            return None
        buried = await self._rows("dead_letter", seq=row["seq"], runner=runner)
        if buried:
            known |= {"reason": buried[0]["reason"], "error": buried[0]["error"]}
        elif ending["kind"] == "dead":
            known |= await self._after_death(row["seq"], runner, ending["seq"])
        elif ending["kind"] == "refused" and ending["data"]:
            refused = msgspec.json.decode(ending["data"])
            known |= {"reason": refused.get("code"), "error": refused.get("detail")}
        return {**known, "state": _STATE_OF[ending["kind"]]}

    async def _after_death(self, seq: int, runner: int, ended: int) -> dict[str, Any]:
        """What became of a dead letter that is none any more and was not let go again as it was."""
        notes = await self._rows("redriven_as", seq=seq, runner=runner, after=ended)
        if not notes:
            return {"reason": "removed", "error": "removed by a person, or when its time was over"}
        new = msgspec.json.decode(notes[0]["data"])["as"]
        return {"reason": "redriven", "error": f"goes on with another payload as {new}"}

    async def messages(
        self,
        workspace: Workspace,
        *,
        topic: str | None = None,
        state: str | None = None,
        batch: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """A page of messages, newest first; `state` filters within the page's reach.

        `oldest_seq` is the number of the oldest message that is kept, in all workspaces: retention removed what was
        below it.
        """
        page = await self._page(workspace, topic, state, batch, limit, cursor)
        return {**page, "oldest_seq": (await self._rows("oldest_message"))[0]["oldest"]}

    async def _page(
        self,
        workspace: Workspace,
        topic: str | None,
        state: str | None,
        batch: str | None,
        limit: int,
        cursor: str | None,
    ) -> dict[str, Any]:
        before, created = message_seq(cursor) if cursor else _TOP, 0
        number = self._bus.store.topics[self._bus.registry.topic(topic).name].number if topic else None
        chosen = {"workspace": workspace.id, "topic": number, "batch": batch}
        items: list[dict[str, Any]] = []
        for _ in range(_STRETCHES):
            found, last = await self._stretch(chosen, state, before, limit)
            for row in found:
                now = _state(await self.deliveries(row))
                if state is None or now == state:
                    items.append({**self._brief(row), "state": now})
                if len(items) == limit:
                    return {"items": items, "next_cursor": message_id(row["seq"], row["created"])}
            if last is None:
                return {"items": items, "next_cursor": None}
            before, created = last
        return {"items": items, "next_cursor": message_id(before, created)}

    async def _stretch(
        self, chosen: dict[str, Any], state: str | None, before: int, limit: int
    ) -> tuple[list[Any], tuple[int, int] | None]:
        """Messages that may be in a state, and the (number, time) to look on from; None where there is nothing more.

        What has ended is most of a log: who asks for the rest is not shown through all of it a page at a time.
        """
        size = limit if state is None else max(limit, 100)
        if state not in _UNFINISHED:
            rows = await self._rows("messages", before=before, limit=size, **chosen)
            return rows, _place(rows[-1]) if len(rows) == size else None
        end = (await self._rows("stretch", before=before, looked=_LOOKED, **chosen))[0]
        if not end["count"]:
            return [], None
        place = {"before": before, "low": end["seq"], "limit": size, "state": state, **self._lists(state)}
        rows = await self._rows("unfinished_messages", **place, **chosen)
        if len(rows) == size:  # each costs a look at its deliveries: few at a time
            return rows, _place(rows[-1])
        return rows, _place(end) if end["count"] == _LOOKED else None

    def _lists(self, state: str) -> dict[str, str]:
        """The runners, and what may be running: it is known to this process alone."""
        queues = self._bus.dispatcher.queues.values() if state == "running" else ()
        started = [each.seq for queue in queues for each in queue.held.values() if each.started]
        lists = {"runners": self._bus.store.all_runners, "started": started}
        return {name: msgspec.json.encode(values).decode() for name, values in lists.items()}

    async def explain(self, workspace: Workspace, id: str) -> dict[str, Any]:
        """Why a message is, or is not, running: one sentence a delivery. Raises NotFound."""
        seq = await self.seq_of(workspace, id)
        row = (await self._rows("message", seq=seq, workspace=workspace.id))[0]
        deliveries = await self.deliveries(row)
        return {
            "id": id,
            "deliveries": [await explain_delivery(self._bus, row, delivery) for delivery in deliveries],
        }

    def cancelled(self, ended: int, in_flight: int) -> dict[str, int]:
        """The answer to a cancellation. Raises Conflict where nothing could be cancelled."""
        if not ended:
            gone = "it has ended already, or no code here takes it"
            why = "it runs in a thread, which can't be stopped, or is ending now" if in_flight else gone
            raise Conflict(f"nothing to cancel: {why}")
        return {"cancelled": ended}

    async def batch(self, workspace: Workspace, id: str) -> dict[str, Any]:
        """How far a batch is. Raises NotFound."""
        rows = await self._rows("batch", id=id, workspace=workspace.id)
        if not rows:
            raise NotFound(f"no batch {id[:64]!r}")
        row = rows[0]
        counts = {name: row[name] for name in ("total", "done", "refused", "dead", "cancelled")}
        left = row["total"] - sum(row[name] for name in ("done", "refused", "dead", "cancelled"))
        return {
            "batch_id": id,
            "created": rfc3339(row["created"]),
            **counts,
            "waiting": left,
            "finished": left <= 0,
        }


def _place(row: Any) -> tuple[int, int]:
    return row["seq"], row["created"]


def _state(deliveries: list[dict[str, Any]]) -> str:
    """A message's state from its deliveries': the one that needs attention first."""
    states = {delivery["state"] for delivery in deliveries}
    for state in ("running", "waiting", "parked", "dead", "refused", "cancelled"):
        if state in states:
            return state
    return "done"
