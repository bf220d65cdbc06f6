"""Write the summary of a day of a Slack channel, or of one of its threads."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import anyio.to_thread
import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations import store
from needlework.handlers.conversations.digest import Post, Subject, digest, first_words, turns_of, worth
from needlework.handlers.conversations.messages import SummariseChat
from needlework.handlers.conversations.windows import in_thread, is_said
from needlework.handlers.labels.messages import LabelAnalysis, PreviewLabels
from needlework.handlers.notes.messages import RecordNote
from needlework.handlers.text.bullets import LABELS, joined, pieces, place
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.times import read_time
from needlework.handlers.words import content_hash
from needlework.handlers.zones import day_of, wall_of, workspace_zone

MOST = 5_000
"""Messages of one window that are read."""


class Window(NamedTuple):
    """What is summarised, and the note that says it."""

    posts: list[Post]
    of: Subject
    external_id: str
    title: str
    conversation: str | None


@subscribe(SummariseChat, runner="chat_summary_notes")
async def summarise_chat(message: SummariseChat, ctx: Context) -> dict[str, str]:
    """One note a window; more words in it, and there is a new version. Too few are none: `too_little_content`."""
    window = await (_day(message, ctx) if message.conversation_id is None else _thread(message, ctx))
    turns = turns_of(window.posts)
    if not worth(window.posts, thread=message.conversation_id is not None) or not joined(turns).strip():
        raise Discard("too_little_content")
    points = []
    for first, some in pieces(turns):
        analysis: LabelAnalysis = await ctx.query(PreviewLabels(text=joined(some), labels=LABELS))
        points += place(some, analysis.spans(), first)
    body = await anyio.to_thread.run_sync(partial(digest, window.posts, points, window.of, shared_encoder()))
    note = f"note_{content_hash(window.external_id)[:26]}"
    ctx.publish(
        RecordNote(
            id=note,
            external_id=window.external_id,
            kind="chat_summary",
            title=window.title[:1000],
            body_md=body,
            conversation_id=window.conversation,
        )
    )
    return {"channel_id": message.channel_id, "note_id": note, "messages": str(len(window.posts))}


async def _day(message: SummariseChat, ctx: Context) -> Window:
    """What was said in the channel that day, but for threads that are summarised by themselves."""
    zone = ZoneInfo(workspace_zone(ctx))
    start, end = day_of(read_time(message.window_start), zone)
    values = {"channel_id": message.channel_id, "start": start, "end": end, "limit": MOST}
    posts = _posts(await ctx.db.all(store.sql("chat_day", workspace=ctx.workspace.id, **values)))
    own = []
    for thread in dict.fromkeys(post.thread for post in posts if post.thread):
        whole = await _said_in(ctx, message.channel_id, thread)
        if worth(whole, thread=True):
            own.append(whole)
    apart = {thread[0].thread for thread in own}
    left = [post for post in posts if post.thread not in apart]
    day = _day_name(start, zone)
    name = _name(posts, message.channel_id)
    of = Subject(name, day, zone, own)
    return Window(left, of, f"chat_summary:{message.channel_id}:{day}", f"Summary: {name}, {day}", None)


async def _thread(message: SummariseChat, ctx: Context) -> Window:
    conversation = message.conversation_id or ""
    zone = ZoneInfo(workspace_zone(ctx))
    posts = await _said_in(ctx, message.channel_id, conversation)
    if not posts:
        raise Discard("too_little_content")
    name = _name(posts, message.channel_id)
    of = Subject(name, _day_name(posts[0].at, zone), zone)
    title = f"Summary: {name}: {first_words(posts)}"
    return Window(posts, of, f"chat_summary:{conversation}", title, conversation)


async def _said_in(ctx: Context, channel: str, conversation: str) -> list[Post]:
    values = {"channel_id": channel, "id": conversation, "limit": MOST}
    return _posts(await ctx.db.all(store.sql("chat_thread", workspace=ctx.workspace.id, **values)))


def _posts(rows: Sequence[store.Row]) -> list[Post]:
    """What people wrote, without what programs and Slack itself did; a thread is one by any of its messages."""
    facts = [msgspec.json.decode(row["facts"], type=dict) for row in rows]
    threads = {
        row["conversation_id"] for row, each in zip(rows, facts, strict=True) if in_thread(row["reply_to"], each)
    }  # fmt: skip
    return [
        Post(
            row["id"],
            row["sent_at"],
            row["sender_name"] or row["sender_email"] or row["sender_id"],
            row["text"],
            row["conversation_id"] if row["conversation_id"] in threads else "",
            row["subject"],
            row["conversation_id"],
        )
        for row, each in zip(rows, facts, strict=True)
        if is_said(each) and row["text"].strip()
    ]


def _name(posts: Sequence[Post], channel: str) -> str:
    """The channel as people call it, where a subject begins with that."""
    named = (post.subject.partition(":")[0].strip() for post in posts if post.subject.startswith("#"))
    return next(named, channel)


def _day_name(at: int, zone: ZoneInfo) -> str:
    return f"{wall_of(datetime.fromtimestamp(at // SECOND, UTC), zone):%Y-%m-%d}"
