"""What a summary of a Slack channel covers: a day, or a thread; and when it is due."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from needlework.bus.context import Context
from needlework.handlers.conversations import store
from needlework.handlers.conversations.merge import Incoming
from needlework.handlers.times import MINUTE
from needlework.handlers.zones import day_of, workspace_zone

QUIET = 30 * MINUTE
"""Silence after which a thread is over."""
SETTLE = MINUTE
"""Time after the last change: what is sent in piece by piece is summarised once."""
SPOKEN = frozenset({"", "me_message", "file_share", "file_comment", "thread_broadcast"})
"""Slack's subtypes of messages that a person has written; what joins, leaves and renames is none."""


def mark(ctx: Context, values: dict[str, Any], found: Sequence[Incoming]) -> None:
    """Collect that more was said (messages new or changed) in the windows of a conversation with these columns."""
    if values["channel"] != "slack" or values["channel_id"] is None or not found:
        return
    zone, soon = ZoneInfo(workspace_zone(ctx)), ctx.now + SETTLE
    due = {("", day.start): max(day.end, soon) for day in {day_of(each.sent_at, zone) for each in found}}
    if any(in_thread(each.given.reply_to, each.given.facts) for each in found):
        due[values["id"], 0] = max(values["last_message_at"] + QUIET, soon)
    for (conversation, start), at in sorted(due.items()):
        place = {"channel_id": values["channel_id"], "conversation": conversation, "window_start": start, "due": at}
        ctx.write(store.sql("mark_window", id=ctx.new_id("chatw"), workspace=ctx.workspace.id, now=ctx.now, **place))


def in_thread(reply_to: str | None, facts: dict[str, Any]) -> bool:
    """Whether a message belongs to a thread; its first message says so in Slack's own word."""
    return bool(reply_to or facts.get("thread_ts"))


def is_said(facts: dict[str, Any]) -> bool:
    """Whether a person has written a message."""
    return not facts.get("bot") and str(facts.get("subtype") or "") in SPOKEN
