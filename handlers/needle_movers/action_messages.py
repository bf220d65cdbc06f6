"""The public words of what follows from needle movers: actions, their approval and their undoing."""

from typing import Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page

ActionStatus = Literal["proposed", "approved", "executed", "undone", "failed"]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that follows from a needle mover. What cannot be undone waits, `proposed`, for a person's approval."""

    id: str
    needle_mover_id: str
    type: str
    target: str
    params: dict[str, Any]
    reversible: bool
    status: ActionStatus
    reason: str
    provenance: str
    result: dict[str, Any]
    decided_by: str | None
    executed_at: str | None
    created_at: str
    updated_at: str


class Processed(msgspec.Struct, frozen=True):
    """The actions that follow from a needle mover as it is now."""

    action_ids: list[str]
    actions: list[dict[str, Any]]


class ProcessActions(Message[Processed], topic="needle_movers.process_actions", key=("id",)):
    """Derive what follows from a needle mover; do what can be undone, propose the rest."""

    id: str


class ProcessMoverActions(Message[Processed], topic="needle_mover_actions", key=("needle_mover_id",)):
    """The same, after a needle mover's impact or status changed."""

    needle_mover_id: str


class ListActions(Message[Page[Action]], topic="needle_mover_actions.list", kw_only=True):
    """The actions of one needle mover, in order."""

    id: str
    status: ActionStatus | None = None
    limit: Limit = 50
    cursor: str | None = None


class ApproveAction(Message[Action], topic="needle_mover_actions.approve", key=("id",)):
    """A person lets a proposed action happen."""

    id: str


class UndoAction(Message[Action], topic="needle_mover_actions.undo", key=("id",)):
    """Take back what an action did, or a proposal."""

    id: str


class FollowUp(Message[None], topic="needle_movers.follow_up", key=("action_id",)):
    """The time of a scheduled follow-up has come."""

    action_id: str
