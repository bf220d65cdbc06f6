"""A person approves a proposed action, or takes back what one did; and the list of them."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.needle_movers import executing, store
from needlework.handlers.needle_movers.action_messages import Action, ApproveAction, ListActions, UndoAction
from needlework.handlers.times import show


@subscribe(ListActions, runner="content")
async def list_actions(message: ListActions, ctx: Context) -> Page[Action]:
    """A page of one mover's actions, oldest first."""
    await store.find(ctx, message.id)
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, shown, "seq")


def statement(message: ListActions, workspace: int) -> Statement:
    """The query with the filter that is asked for."""
    (seq,) = read_cursor(message.cursor, 0)
    values = {
        "workspace": workspace,
        "id": message.id,
        "status": message.status,
        "seq": seq,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_actions", {"filter_action_status": message.status}, values)


@subscribe(ApproveAction, runner="needle_mover")
async def approve(message: ApproveAction, ctx: Context) -> Action:
    """Do it; approving what is done already changes nothing."""
    row = await _find(ctx, message.id)
    if row["status"] == "executed":
        return shown(row)
    if row["status"] != "proposed":
        raise Refuse(409, "not_proposed", f"action {message.id} is {row['status']}; only a proposed one is approved")
    await store.find_standing(ctx, row["needle_mover_id"])
    params = msgspec.json.decode(row["params"])
    result = executing.execute(ctx, row["id"], row["needle_mover_id"], row["type"], params)
    return _settle(ctx, row, "executed", result)


@subscribe(UndoAction, runner="needle_mover")
async def undo(message: UndoAction, ctx: Context) -> Action:
    """Take back its effect, or the proposal; what cannot be undone is refused."""
    row = await _find(ctx, message.id)
    if row["status"] == "undone":
        return shown(row)
    result = msgspec.json.decode(row["result"])
    if row["status"] == "executed":
        if not row["reversible"]:
            raise Refuse(409, "irreversible", f"action {message.id} ({row['type']}) cannot be undone")
        await executing.take_back(ctx, row["type"], result)
    return _settle(ctx, row, "undone", result)


def _settle(ctx: Context, row: store.Row, status: str, result: dict[str, Any]) -> Action:
    executed = ctx.now if status == "executed" else row["executed_at"]
    values = {"id": row["id"], "seen": row["status"], "status": status, "by": ctx.principal, "now": ctx.now}
    values |= {"result": msgspec.json.encode(result).decode(), "executed": executed}
    ctx.write(store.sql("settle_action", 1, workspace=ctx.workspace.id, **values))
    ctx.audit(f"action.{status}", row["id"], f"{row['type']} of needle mover {row['needle_mover_id']}")
    changed = {"status": status, "result": values["result"], "decided_by": ctx.principal, "executed_at": executed}
    return shown({**row, **changed, "updated_at": ctx.now})


async def _find(ctx: Context, id_: str) -> store.Row:
    row = await ctx.db.one(store.sql("find_action", workspace=ctx.workspace.id, id=id_))
    if row is None:
        raise Refuse(404, "not_found", f"no action {id_!r} in this workspace")
    return row


def shown(row: store.Row) -> Action:
    """A row as the API shows it."""
    same = ("id", "needle_mover_id", "type", "target", "status", "reason", "provenance", "decided_by")
    return Action(
        **{name: row[name] for name in same},
        reversible=bool(row["reversible"]),
        params=msgspec.json.decode(row["params"]),
        result=msgspec.json.decode(row["result"]),
        executed_at=show(row["executed_at"]),
        created_at=show(row["created_at"]) or "",
        updated_at=show(row["updated_at"]) or "",
    )
