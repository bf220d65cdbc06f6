"""The public words of tasks: what may be asked for, and what is answered."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Search
from needlework.handlers.labels.messages import ContentType, Span
from needlework.handlers.times import Time, check_times
from needlework.handlers.words import check_id

Status = Literal["suggested", "open", "in_progress", "done", "dismissed"]
Source = Literal["user", "content_label", "needle_mover"]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
Body = Annotated[str, msgspec.Meta(max_length=20_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Unset = msgspec.UnsetType


class TaskLabel(msgspec.Struct, frozen=True):
    """One judgement of a task: its type, priority, area, or who could own it."""

    value: str
    score: float
    provenance: str


class TaskHead(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer says of a task. `confidence` is that of the suggestion, 1 for what a person wrote."""

    id: str
    title: str
    status: Status
    assignee: str | None
    due_on: str | None
    overdue: bool
    source: Source
    content_label_id: str | None
    needle_mover_id: str | None
    account_id: str | None
    external_ref: str | None
    confidence: float
    provenance: str
    labels: dict[str, TaskLabel]
    created_at: str
    updated_at: str


class TaskEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that proves a task, and where it stands."""

    content_label_id: str
    label: str
    content_type: ContentType
    content_id: str
    sender: str | None
    said_at: str
    span: Span


class Task(TaskHead, frozen=True, kw_only=True):
    """A task with its text and evidence. `closed_reason` tells why a dismissed or done one ended by itself."""

    body: str
    closed_reason: str | None
    evidence: list[TaskEvidence]


class ListTasks(Message[Page[TaskHead]], topic="tasks.list", kw_only=True):
    """Tasks, the newest first; `q` searches titles, texts, assignees and the sentences behind them."""

    q: Search | None = None
    status: Status | None = None
    assignee: str | None = None
    source: Source | None = None
    account_id: str | None = None
    needle_mover_id: str | None = None
    type: str | None = None
    overdue: bool | None = None
    limit: Limit = 50
    cursor: str | None = None


class CountTasks(Message[dict[str, int]], topic="tasks.counts"):
    """How many tasks there are, by status."""


class ListTaskOwners(Message[dict[str, int]], topic="tasks.owners"):
    """Who has tasks, and how many: at most 500, those with the most first."""


class ReadTask(Message[Task], topic="tasks.read"):
    """One task with its evidence."""

    id: str


class CreateTask(Message[Task], topic="tasks.create", kw_only=True):
    """A task that a person writes down; it is open at once."""

    title: Title
    id: str | None = None
    body: Body = ""
    status: Literal["open", "in_progress", "done"] = "open"
    assignee: Name | None = None
    due_on: date | None = None
    account_id: str | None = None
    needle_mover_id: str | None = None
    external_ref: Name | None = None

    def __post_init__(self) -> None:
        check_id("task", self.id)


class UpdateTask(Message[Task], topic="tasks.update", key=("id",), kw_only=True):
    """Change a task; what is left out stays, null takes an assignee, a due date or a link away."""

    id: str
    title: Title | Unset = msgspec.UNSET
    body: Body | Unset = msgspec.UNSET
    status: Status | Unset = msgspec.UNSET
    assignee: Name | Unset | None = msgspec.UNSET
    due_on: date | Unset | None = msgspec.UNSET
    account_id: str | Unset | None = msgspec.UNSET
    external_ref: Name | Unset | None = msgspec.UNSET


class AcceptTask(Message[Task], topic="tasks.accept", key=("id",), kw_only=True):
    """A suggestion becomes an open task; accepting it again changes nothing."""

    id: str
    assignee: Name | None = None
    due_on: date | None = None


class DismissTask(Message[Task], topic="tasks.dismiss", key=("id",)):
    """A suggestion (or an open task) is not wanted: the same is not suggested again."""

    id: str


class Suggested(msgspec.Struct, frozen=True):
    """What became of a suggestion: a new task, more evidence for one, known already, or not wanted."""

    outcome: Literal["created", "added", "unchanged", "blocked"]
    task_id: str | None


class SuggestTask(Message[Suggested], topic="tasks.suggest", key=("fingerprint", "title", "account_id"), kw_only=True):
    """Suggest a task from another group. `id` is your own `task_…` for it, used where it is a new one.

    Without a fingerprint it is that of title, account and assignee; nearly the same title adds to the task there is.
    """

    title: Title
    id: str | None = None
    body: Body = ""
    due_on: date | None = None
    assignee: Name | None = None
    needle_mover_id: str | None = None
    content_label_id: str | None = None
    account_id: str | None = None
    fingerprint: str | None = None
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.8

    def __post_init__(self) -> None:
        check_id("task", self.id)


class UnlinkTasks(Message[dict[str, int]], topic="tasks.unlink", key=("needle_mover_id",)):
    """A needle mover is gone: its suggestions go too, accepted tasks stay without it; with `into` all are another's."""

    needle_mover_id: str
    into: str | None = None


class LabelTasks(
    Message[dict[str, Any]], topic="task_labels", key=("content_type", "content_id", "task_id"), kw_only=True
):
    """Suggest tasks from the labels of one conversation or note, or judge one task."""

    content_type: ContentType | None = None
    content_id: str | None = None
    task_id: str | None = None

    def __post_init__(self) -> None:
        if (self.content_type is None) != (self.content_id is None):
            raise ValueError("content_type and content_id belong together")
        if (self.content_id is None) == (self.task_id is None):
            raise ValueError("needs content_type and content_id, or task_id")


class ProcessTaskLabels(Message[dict[str, Any]], topic="tasks.process_labels", kw_only=True):
    """Judge tasks (type, priority, area, owner) and turn labels into suggestions, now."""

    task_ids: Annotated[list[str], msgspec.Meta(max_length=1000)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class DeleteSuggestedTasks(Message[dict[str, Any]], topic="tasks.delete_suggested", kw_only=True):
    """Delete suggestions, never a task that somebody accepted; the same does not come back for 30 days."""

    source: Source | None = None
    before: Time = None
    needle_mover_id: str | None = None

    def __post_init__(self) -> None:
        check_times(before=self.before)


class TickTasks(Message[dict[str, Any]], topic="tick.tasks"):
    """Upkeep of tasks: labels, old suggestions, due dates, issues that were closed, duplicates."""
