"""Dead letters for people: listed, shown, counted by error, let go again with another payload where that fits."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.errors import Conflict, InvalidMessage, NotFound, NotPublishable
from needlework.bus.ids import message_id, message_seq
from needlework.bus.letters import Redrive
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.bus.records import Publication, TopicLane
from needlework.bus.sql import Queries
from needlework.bus.topicfile import nearest
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "dead.sql")
_TOP = (1 << 62, 1 << 62, 1 << 62)
COUNTED = 10_000
"""Dead letters that a preview counts; of more it says so."""


class Which(msgspec.Struct, frozen=True):
    """Dead letters by what they are: each that is given must fit. Times are microseconds UTC, `end` exclusive."""

    topic: str | None = None
    runner: str | None = None
    reason: str | None = None
    error: str | None = None
    """A part of the error's text, in capitals or not."""
    start: int = 0
    end: int = 1 << 62


class DeadLetters:
    """The dead letters of one workspace."""

    def __init__(self, bus: "Bus", workspace: Workspace) -> None:
        self._bus, self._workspace = bus, workspace

    async def _rows(self, name: str, **values: Any) -> list[Any]:
        return await self._bus.store.read(_sql(name, workspace=self._workspace.id, **values))

    def _filters(self, which: Which) -> dict[str, Any]:
        numbers = {name: number for number, name in self._bus.store.names.items()}
        store = self._bus.store
        topic, runner = store.topics.get(which.topic or ""), store.runners.get(which.runner or "")
        return {
            "topic": topic.number if topic else which.topic and numbers.get(which.topic, -1),
            "of_runner": runner.number if runner else which.runner and numbers.get(which.runner, -1),
            "reason": which.reason, "error": which.error, "start": which.start, "end": which.end,
        }  # fmt: skip

    async def newest(self, which: Which, limit: int, place: tuple[int, int, int] = _TOP) -> list[Any]:
        """Rows of a page, newest first, behind `place` (at, message, runner)."""
        at, message, runner = place
        return await self._rows("letters", **self._filters(which), at=at, message=message, runner=runner, limit=limit)

    async def oldest(self, which: Which, limit: int, place: Sequence[int] = (-1, -1, -1)) -> list[Any]:
        """Rows of a page from the oldest on, behind `place`."""
        at, message, runner = place
        return await self._rows(
            "letters_upward", **self._filters(which), at=at, message=message, runner=runner, limit=limit
        )

    async def named(self, id: str) -> list[Any]:
        """The rows that an id names: a delivery's (`msg_…:runner`) one, a message's all. Raises NotFound."""
        ident, _, runner = id.partition(":")
        try:
            rows = await self._rows("letters_of", message=message_seq(ident))
        except ValueError:
            rows = []
        names = self._bus.store.names
        found = [
            row for row in rows
            if message_id(row["message"], row["created"]) == ident and runner in ("", names.get(row["runner"]))
        ]  # fmt: skip
        if not found:
            raise NotFound(f"no dead letter {id[:100]!r} in this workspace")
        return found

    async def counted(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Rows by topic, runner, reason and the first line of their error, most frequent first."""
        groups = Counter((row["topic"], row["runner"], row["reason"], first_line(row["error"])) for row in rows)
        names = self._bus.store.names
        return [
            {"topic": names.get(topic, "?"), "runner": names.get(runner, "?"), "reason": reason, "error": error,
             "count": count}
            for (topic, runner, reason, error), count in groups.most_common(100)
        ]  # fmt: skip

    def shown(self, row: Any) -> dict[str, Any]:
        """A row as people see it."""
        names, ident = self._bus.store.names, message_id(row["message"], row["created"])
        runner = names.get(row["runner"], "?")
        return {
            "id": f"{ident}:{runner}", "message_id": ident, "topic": names.get(row["topic"], "?"), "runner": runner,
            "reason": row["reason"], "error": first_line(row["error"]), "died": rfc3339(row["at"]),
            "attempts": row["attempt"], "published": rfc3339(row["created"]),
        }  # fmt: skip

    async def one(self, id: str) -> dict[str, Any]:
        """Everything about one dead letter. Raises NotFound, Conflict where a message has several."""
        rows = await self.named(id)
        if len(rows) > 1:
            several = ", ".join(self.shown(row)["id"] for row in rows)
            raise Conflict(f"this message is dead for several runners: name one of {several}")
        message = await self._bus.message(self._workspace, id.partition(":")[0])
        shown = self.shown(rows[0])
        attempts = [each for each in message["attempts"] if each["runner"] == shown["runner"]]
        taken = {name: message[name] for name in ("key", "data", "principal", "cause", "children", "batch")}
        return {**shown, "error": rows[0]["error"], **taken, "history": attempts}

    def takers(self, row: Any) -> bool:
        """Whether code here takes what this row's delivery holds."""
        names, store = self._bus.store.names, self._bus.store
        lane = store.topics.get(names.get(row["topic"], ""))
        return lane is not None and row["runner"] in [runner.number for runner in lane.runners]

    def redrive(self, row: Any, by: str) -> Redrive:
        """The row's letter as it is."""
        return Redrive(row["message"], self._bus.store.runners_by_number[row["runner"]], by)

    async def patched(self, row: Any, patch: dict[str, Any], by: str) -> Redrive:
        """The row's letter with some fields replaced, checked as a publish is. Raises PublishError."""
        (stored,) = await self._rows("body_of_letter", message=row["message"])
        lane = self._bus.store.topics[self._bus.store.names[stored["topic"]]]
        policy = lane.topic.policy
        if policy.internal:
            raise NotPublishable(f"only handlers publish on {lane.name!r}: redrive it as it is, without a patch")
        if policy.permission not in (READ, WORKSPACES_WRITE):
            raise NotPublishable(
                f"a patch is a publish, and {lane.name!r} needs {policy.permission}: publish it instead"
            )
        fields = lane.topic.type.__struct_encode_fields__
        unknown = [name for name in patch if name not in fields]
        if unknown:
            raise InvalidMessage(f"{lane.name} has no field {unknown[0]!r}{nearest(unknown[0], fields)}")
        body = {**msgspec.json.decode(stored["body"]), **patch}
        try:
            message = lane.topic.decode(msgspec.json.encode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise InvalidMessage(f"with this patch it does not fit {lane.name}: {error}") from error
        publication = Publication(
            message=message, workspace=self._workspace, principal=by, cause=row["message"], batch=stored["batch"],
            force=True,
        )  # fmt: skip
        new, runner = self._bus.encode(publication), self._bus.store.runners_by_number[row["runner"]]
        new.lane = TopicLane(lane.topic, lane.number, (runner,))
        return Redrive(row["message"], runner, by, new)

    async def failed_again(self, message: int, runner: int, failures: int) -> bool | None:
        """Whether a redriven delivery failed once more; None while that is not decided."""
        (row,) = await self._bus.store.read(_sql("after_redrive", message=message, runner=runner))
        if row["failures"] > failures or row["last"] in ("dead", "refused"):
            return True
        return False if row["last"] in ("result", "cancelled") else None


def first_line(error: str) -> str:
    """What an error says of itself, without where it came from."""
    return error.partition("\n")[0][:500]
