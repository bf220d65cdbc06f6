"""The public words of conversations: what may be sent in, asked for, and what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Saved, Search
from needlework.handlers.labels.messages import ContentLabel
from needlework.handlers.people import Person
from needlework.handlers.times import Given, Time, check_times
from needlework.handlers.words import check_id

Channel = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
"""Where a conversation takes place: slack, email, meeting, github, chat, or a word of your own."""
ChannelId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", examples=["C0123456789"])]
"""Which channel of a chat service it is: Slack's own id, which stays when the channel is renamed."""
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Subject = Annotated[str, msgspec.Meta(max_length=2000)]


class MessageInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One message of a conversation. Sent again with its `external_id`, it replaces what was there."""

    text: str
    sender: Person | str = ""
    sent_at: Time = None
    external_id: ExternalId | None = None
    reply_to: str | None = None
    html_ref: str | None = None
    facts: dict[str, Any] = {}
    attachments: list[dict[str, Any]] = []

    def __post_init__(self) -> None:
        check_times(sent_at=self.sent_at)


class ConversationInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A conversation with its messages. `id` is your own `conv_…`; `external_id` upserts."""

    id: str | None = None
    external_id: ExternalId | None = None
    connection_id: str = ""
    channel: Channel | None = None
    channel_id: ChannelId | None = None
    subject: Subject | None = None
    account_id: str | None = None
    status: Literal["open", "closed"] | None = None
    participants: list[Person | str] = []
    started_at: Time = None
    last_message_at: Time = None
    messages: list[MessageInput] = []

    def __post_init__(self) -> None:
        check_conversation(self)


def check_conversation(given: ConversationInput) -> None:
    """Raise ValueError for a conversation that says nothing, or with a wrong id or time."""
    check_id("conv", given.id)
    check_times(started_at=given.started_at, last_message_at=given.last_message_at)
    if not (given.id or given.external_id or given.subject or given.messages):
        raise ValueError("a conversation needs at least one of messages, subject, external_id, id")


class IngestConversation(
    ConversationInput, Message[Saved | list[Saved]], topic="conversation.ingest", frozen=True, kw_only=True
):
    """Take in one conversation, or several as `items` (over HTTP: a list body).

    What is to be analysed joins `batch_id`, one of your own (`batch_…`), whose progress can be read and watched.
    """

    items: list[ConversationInput] | None = None
    batch_id: str | None = None

    def __post_init__(self) -> None:
        check_id("batch", self.batch_id)
        if self.items is None:
            check_conversation(self)


class AppendMessages(Message[Saved], topic="conversation.append", key=("id",), kw_only=True):
    """Add messages to a conversation: the fields of one, or several as `items` (over HTTP: a list body)."""

    id: str
    text: str | None = None
    sender: Person | str = ""
    sent_at: Time = None
    external_id: ExternalId | None = None
    reply_to: str | None = None
    html_ref: str | None = None
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    attachments: list[dict[str, Any]] = msgspec.field(default_factory=list)
    items: list[MessageInput] | None = None

    def __post_init__(self) -> None:
        check_times(sent_at=self.sent_at)
        if (self.text is None) == (self.items is None):
            raise ValueError("needs `text` (one message) or `items` (several)")


class ConversationHead(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer says of a conversation. `fs_id` is its `id` under the reference's name."""

    id: str
    fs_id: str
    channel: str
    channel_id: str | None
    external_id: str | None
    connection_id: str | None
    subject: str
    account_id: str | None
    status: str
    started_at: str
    last_message_at: str
    message_count: int
    analyzed_at: str | None
    analyzed_message_id: str | None
    created_at: str
    updated_at: str


class ConversationSummary(ConversationHead, frozen=True, kw_only=True):
    """A conversation in a list; `labels` are the names of those that it carries."""

    labels: list[str]


class ConversationMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as stored."""

    id: str
    external_id: str | None
    sender: Person
    sent_at: str
    text: str
    reply_to: str | None
    html_ref: str | None
    facts: dict[str, Any]
    attachments: list[dict[str, Any]]


class Conversation(ConversationHead, frozen=True, kw_only=True):
    """A conversation with a page of its messages and all its labels, one entry an evidence span."""

    participants: list[Person]
    messages: list[ConversationMessage]
    labels: list[ContentLabel]
    next_cursor: str | None


class ListConversations(Message[Page[ConversationSummary]], topic="conversation.list", kw_only=True):
    """Conversations, the most recently active first; `q` searches subjects and texts."""

    q: Search | None = None
    channel: str | None = None
    label: str | None = None
    account_id: str | None = None
    status: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class ReadConversation(Message[Conversation], topic="conversation.read", kw_only=True):
    """One conversation with a page of its messages, oldest first, and its labels."""

    id: str
    limit: Limit = 200
    cursor: str | None = None


class TranscriptLine(msgspec.Struct, frozen=True):
    """One message as the analysis reads it."""

    id: str
    sender: str
    text: str


class Transcript(msgspec.Struct, frozen=True):
    """A conversation's whole text as of now, with the revision that an analysis of it covers."""

    id: str
    channel: str
    subject: str
    revision: int
    lines: list[TranscriptLine]


class ReadTranscript(Message[Transcript], topic="conversation.transcript"):
    """The text of a conversation, for other groups."""

    id: str


class LinkConversations(Message[dict[str, int]], topic="conversation.link", key=("account_id",), kw_only=True):
    """An account has new domains or people: conversations in which these take part may belong to it.

    Those that name it by its external id, `named`, do.
    """

    account_id: str
    domains: list[str] = msgspec.field(default_factory=list)
    emails: list[str] = msgspec.field(default_factory=list)
    named: str | None = None


class ConversationLinked(Message[None], topic="conversation.linked", key=("conversation_id",), kw_only=True):
    """A conversation belongs to an account now, and to the one `before` no more. A fact, for what was made from it."""

    conversation_id: str
    account_id: str
    before: str | None = None


class ConversationJoined(Message[None], topic="conversation.joined", key=("into",), kw_only=True):
    """A conversation turned out to be a part of another, and is no more. A fact, for what was made from it.

    `account_id` is that of the other one, `before` that of the part.
    """

    conversation_id: str
    into: str
    account_id: str | None
    before: str | None


class TickConversations(Message[dict[str, Any]], topic="conversation.tick"):
    """Queue the analysis of what has changed and settled, and summaries of chats; close what is idle."""


class SummariseChat(
    Message[dict[str, str]], topic="chat_summary_notes", key=("channel_id", "window_start"), kw_only=True
):
    """Write the summary of a Slack channel's day, the one in which `window_start` lies in the workspace's time zone.

    With `conversation_id`: of that thread, whenever it took place.
    """

    channel_id: ChannelId
    window_start: Given
    conversation_id: str | None = None

    def __post_init__(self) -> None:
        check_times(window_start=self.window_start)
