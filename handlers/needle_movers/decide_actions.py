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
    """Do it, or once more what failed; approving what is done or under way changes nothing.

    What is under way outside is asked for again: what asked for it first may have ended as a dead letter. It is
    posted or opened once all the same.
    """
    row = await store.action(ctx, message.id)
    if row["status"] == "approved" and row["type"] in executing.OUTSIDE:
        executing.execute(ctx, row["id"], row["needle_mover_id"], row["type"], msgspec.json.decode(row["params"]))
        return shown(row)
    if row["status"] in ("approved", "executed"):
        return shown(row)
    if row["status"] not in ("proposed", "failed"):
        detail = f"action {message.id} is {row['status']}; only one that is proposed or has failed is approved"
        raise Refuse(409, "not_proposed", detail)
    await store.find_standing(ctx, row["needle_mover_id"])
    params = msgspec.json.decode(row["params"])
    result = executing.execute(ctx, row["id"], row["needle_mover_id"], row["type"], params)
    return _settle(ctx, row, executing.begun(row["type"]), result)


@subscribe(UndoAction, runner="needle_mover")
async def undo(message: UndoAction, ctx: Context) -> Action:
    """Take back its effect, or the proposal; what cannot be undone is refused."""
    row = await store.action(ctx, message.id)
    if row["status"] == "undone":
        return shown(row)
    result = msgspec.json.decode(row["result"])
    if row["status"] in ("approved", "executed") and not row["reversible"]:
        done = "cannot be undone" if row["status"] == "executed" else "is under way"
        raise Refuse(409, "irreversible", f"action {message.id} ({row['type']}) {done}")
    if row["status"] != "proposed" and row["reversible"]:
        await executing.take_back(ctx, row["needle_mover_id"], row["type"], row["target"], result)
    return _settle(ctx, row, "undone", result)


def _settle(ctx: Context, row: store.Row, status: str, result: dict[str, Any]) -> Action:
    changed = store.settle(ctx, row, status, result, by=ctx.principal)
    ctx.audit(f"action.{status}", row["id"], f"{row['type']} of needle mover {row['needle_mover_id']}")
    return shown(changed)


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
