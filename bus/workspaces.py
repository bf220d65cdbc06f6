"""Workspaces: who owns the data. A workspace is a small integer inside and a name outside."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import available_timezones

import msgspec
from needlework.bus.clock import Clock, rfc3339
from needlework.bus.errors import Conflict, FieldError, InvalidMessage, NotFound
from needlework.bus.principals import By, name_of
from needlework.bus.sql import Queries, Statement

if TYPE_CHECKING:
    from needlework.bus.audit import Audit

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_sql = Queries(Path(__file__).parent / "sqlite" / "workspaces.sql")


class Workspace(msgspec.Struct, frozen=True):
    """One owner of data; `name` is what people and `X-Workspace` say."""

    id: int
    name: str


class WorkspaceStore:
    """The workspaces of this installation and their configuration; kept in memory, they are few."""

    def __init__(
        self,
        read: Callable[[Statement], Awaitable[Sequence[Any]]],
        write: Callable[[list[Statement]], Awaitable[None]],
        clock: Clock,
        audit: "Audit",
    ) -> None:
        self._read, self._write, self._clock, self._audit = read, write, clock, audit
        self.by_name: dict[str, Workspace] = {}
        self.by_id: dict[int, Workspace] = {}
        self.configs: dict[int, dict[str, Any]] = {}
        self._reading = asyncio.Lock()
        self._asked = self._known = 0
        """How many refreshes were asked for, and how many of them what is known here answers."""
        self.changed: Callable[[], None] = lambda: None
        """Called after a workspace or a configuration changed."""

    async def load(self) -> None:
        """Read all workspaces; make `default` where there is none yet."""
        await self.refresh()
        if "default" not in self.by_name:
            await self._write([_sql("create_first_workspace", name="default", now=self._clock.now())])
            await self.refresh()

    async def refresh(self) -> None:
        """Read them all anew; of several callers at once the last read counts, and one serves all who asked before."""
        self._asked += 1
        asked = self._asked
        async with self._reading:
            if self._known >= asked:
                return
            known = self._asked
            rows = await self._read(_sql("list_workspaces"))
            self._known = known
        self.by_name = {row["name"]: Workspace(row["id"], row["name"]) for row in rows}
        self.by_id = {workspace.id: workspace for workspace in self.by_name.values()}
        self.configs = {row["id"]: msgspec.json.decode(row["config"]) for row in rows}
        self.changed()

    async def get(self, name: str) -> Workspace | None:
        """The workspace called `name`, or None."""
        if name not in self.by_name:
            await self.refresh()
        return self.by_name.get(name)

    async def list(self) -> list[dict[str, Any]]:
        """All workspaces with their age."""
        rows = await self._read(_sql("list_workspaces"))
        return [{"name": row["name"], "created_at": rfc3339(row["created_at"])} for row in rows]

    async def create(self, name: str, by: By) -> Workspace:
        """A new workspace. Raises InvalidMessage for a bad name, Conflict where it exists."""
        if not _NAME.fullmatch(name):
            hint = "lower-case letters, digits, - and _, at most 64, for example acme-sales"
            raise InvalidMessage("not a workspace name", errors=[FieldError("name", "not a workspace name", hint)])
        if await self.get(name) is not None:
            raise Conflict(f"workspace {name!r} exists already")
        add = _sql("create_workspace", 1, name=name, now=self._clock.now())
        await self._write([add, self._audit.statement(by, name, "workspace.created", name)])
        await self.refresh()
        return self.by_name[name]

    async def config(self, workspace: Workspace) -> dict[str, Any]:
        """The workspace's configuration; `tick` is always there."""
        config = dict(self.configs.get(workspace.id, {}))
        config.setdefault("tick", {"disable": False})
        return config

    async def set_config(
        self, workspace: Workspace, config: dict[str, Any], by: By, *, action: str = "workspace.configured"
    ) -> dict[str, Any]:
        """Replace the configuration. Raises InvalidMessage for unknown or wrong settings, NotFound."""
        checked = check_config(config)
        if workspace.id not in self.by_id:
            raise NotFound(f"no workspace {workspace.name!r}")
        checked["tick"] = self._tick(checked.get("tick", {}), self.configs.get(workspace.id, {}).get("tick", {}), by)
        text = msgspec.json.encode(checked).decode()
        change = _sql("set_workspace_config", 1, id=workspace.id, config=text)
        await self._write([change, self._audit.statement(by, workspace, action, workspace.name)])
        await self.refresh()
        return await self.config(workspace)

    def _tick(self, wanted: dict[str, Any], known: dict[str, Any], by: By) -> dict[str, Any]:
        """`tick` as it is stored. Since when and by whom is not for callers to say: what went wrong before a workspace
        was enabled counts no more, however its configuration is replaced later."""
        disable = bool(wanted.get("disable"))
        if disable is bool(known.get("disable")):
            kept = {name: known[name] for name in ("since", "by") if known.get(name)}
        else:
            kept = {"since": rfc3339(self._clock.now())} | ({"by": name_of(by)} if disable else {})
        why = {"reason": wanted["reason"]} if wanted.get("reason") else {}
        return {"disable": disable, **why, **kept}

    def ticks_disabled(self, workspace: int) -> bool:
        """Whether automatic work of this workspace is held (`config.tick.disable`)."""
        return bool(self.configs.get(workspace, {}).get("tick", {}).get("disable"))


_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.\.?$)[A-Za-z0-9_.-]+")
ImpactComponent = Literal["reach", "revenue", "severity", "momentum", "risk"]


class TickConfig(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`config.tick`: whether automatic work is held, and why; since when and by whom is filled in, whatever is sent."""

    disable: bool = False
    reason: str = ""
    since: str = ""
    by: str = ""


class WorkspaceConfig(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A workspace's configuration."""

    tick: TickConfig = msgspec.field(default_factory=TickConfig)
    timezone: str = "UTC"
    settle_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 120
    impact_weights: dict[ImpactComponent, Annotated[float, msgspec.Meta(ge=0, le=1000)]] = {}
    """How much each component of a needle mover's impact counts; what is left out keeps its weight."""
    github_repository: Annotated[str, msgspec.Meta(max_length=140)] = ""
    """`owner/name` of where issues are opened, once a person has approved them; empty: nowhere."""

    def __post_init__(self) -> None:
        if self.timezone not in available_timezones():
            raise ValueError(f"timezone {self.timezone[:64]!r} is not an IANA zone, for example Europe/Berlin")
        if self.github_repository and not _REPOSITORY.fullmatch(self.github_repository):
            raise ValueError(f"github_repository {self.github_repository!r} is not owner/name, for example acme/app")


def check_config(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as plain values. Raises InvalidMessage naming the wrong field."""
    try:
        checked = msgspec.convert(config, WorkspaceConfig)
    except msgspec.ValidationError as error:
        raise InvalidMessage(f"configuration: {error}", errors=[FieldError("config", str(error))]) from None
    plain: dict[str, Any] = msgspec.to_builtins(checked)
    plain["tick"] = {"disable": checked.tick.disable, **plain.get("tick", {})}
    return plain
