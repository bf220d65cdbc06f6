"""The public words of delivery to Slack."""

from typing import Annotated, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.notes.messages import NoteKind

ChannelId = Annotated[str, msgspec.Meta(pattern=r"^[CDG][A-Z0-9]{2,30}$", examples=["C0123456789"])]
Status = Literal["pending", "sent", "failed", "skipped"]


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of Slack and what is sent to it: kinds of notes, reports by id (`*`: all of them), needle movers."""

    id: str
    name: str | None
    notes: list[str]
    reports: list[str]
    needle_movers: bool
    created_at: str
    updated_at: str


class SubscribeChannel(Message[Channel], topic="slack.subscribe", key=("id",), kw_only=True):
    """Say what a channel gets from now on; it replaces what was said before."""

    id: ChannelId
    name: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    notes: Annotated[tuple[NoteKind, ...], msgspec.Meta(max_length=10)] = ("meeting_summary",)
    reports: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=100)], ...], msgspec.Meta(max_length=100)] = ()
    needle_movers: bool = False
    """Whether it hears of those that a person has confirmed, once their impact is great."""

    def __post_init__(self) -> None:
        for report in self.reports:
            if report != "*" and not report.startswith("report_"):
                raise ValueError(f"reports: {report[:40]!r} is neither a report's id (report_…) nor * for all of them")


class UnsubscribeChannel(Message[dict[str, int]], topic="slack.unsubscribe", key=("id",)):
    """Send nothing more to a channel; what was not begun is skipped."""

    id: str


class ListChannels(Message[Page[Channel]], topic="slack.channels"):
    """The channels that get something."""


class SlackDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a note (or a report's run) for one channel, and what became of it."""

    id: str
    source: str
    source_note_id: str
    note_version: str
    channel_id: str
    status: str
    attempts: int
    slack_ts: str | None
    error: str | None
    sent_at: str | None
    created_at: str


class ListDeliveries(Message[Page[SlackDelivery]], topic="slack.deliveries", kw_only=True):
    """Deliveries, newest first; `note` is the id of a note or of a report's run."""

    status: Status | None = None
    channel: str | None = None
    note: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class RetryDelivery(Message[SlackDelivery], topic="slack.retry", key=("id",)):
    """Let a failed delivery go again, once its cause is mended, or a pending one that nobody works on any more."""

    id: str


class ChannelsWanting(Message[list[str]], topic="slack.wanting"):
    """The channels that want needle movers, for other groups."""


class PostToSlack(Message[None], topic="slack.post", key=("note_id", "channel_id"), kw_only=True):
    """Post a version of a note to one channel that still wants something; a later version edits the message.

    `edit_only`: where nothing was posted, nothing is.
    """

    note_id: str
    note_version: Annotated[int, msgspec.Meta(ge=1)]
    channel_id: ChannelId
    title: str
    body_md: str
    edit_only: bool = False


class SlackDelivered(Message[None], topic="slack.delivered", key=("note_id", "channel_id"), kw_only=True):
    """A delivery has ended: `sent`, `failed` or `skipped`, and why. A fact, told at least once."""

    note_id: str
    note_version: int
    channel_id: str
    status: Literal["sent", "failed", "skipped"]
    ts: str | None = None
    error: str | None = None


class DeliverSlackMessage(Message[dict[str, str]], topic="slack_message_delivery", key=("delivery_id",), kw_only=True):
    """Post a delivery to its channel, or edit the message that an earlier version made."""

    delivery_id: str
