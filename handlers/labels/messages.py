"""The public words of labels: what may be asked for, and what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.labels.definitions import LabelRules
from needlework.handlers.times import Time, check_times

ContentType = Literal["conversation", "note"]
LabelKey = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class AnalyseConversationNote(
    Message[dict[str, Any]],
    topic="conversation_note_analysis",
    key=("conversation_fs_id", "note_id", "note_version"),
    kw_only=True,
):
    """Find the labels of a conversation, of a note, or of a note in the context of its conversation.

    Without `note_version` the current one is meant. `again` computes anew what is known already; `labels`
    limits the analysis to these, and leaves the others as they are.
    """

    conversation_fs_id: str | None = None
    note_id: str | None = None
    note_version: str | None = None
    again: bool = False
    labels: tuple[LabelKey, ...] = ()

    def __post_init__(self) -> None:
        if not self.conversation_fs_id and not self.note_id:
            raise ValueError("needs conversation_fs_id, note_id, or both")
        if self.note_version is not None:
            if not self.note_id:
                raise ValueError("note_version needs note_id")
            version_number(self.note_version)


def version_number(version: str) -> int:
    """The number inside `v3`. Raises ValueError for anything else."""
    digits = version.removeprefix("v")
    if (
        not version.startswith("v")
        or not digits.isascii()
        or not digits.isdigit()
        or len(digits) > 9
        or digits[0] == "0"
    ):
        raise ValueError(f"note_version {version[:20]!r} must be v1, v2, …")
    return int(digits)


def csv_words(text: str | None) -> tuple[str, ...]:
    """The words of a comma-separated list, each once."""
    return tuple(dict.fromkeys(word.strip() for word in (text or "").split(",") if word.strip()))


class ReanalyseLabels(Message[dict[str, Any]], topic="labels.reanalysis", kw_only=True):
    """Queue the analysis of every conversation and note that was last active in a range."""

    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    type: Literal["conversations", "notes"] | None = None
    labels: str | None = None
    dry_run: bool = False


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is said: characters `start` to `end` of a message (of the note where there is none)."""

    message_id: str | None
    start: int
    end: int
    quote: str
    score: float


class ContentLabel(msgspec.Struct, frozen=True, kw_only=True):
    """One label at one place of one conversation or note."""

    id: str
    label: str
    content_type: ContentType
    content_id: str
    content_version: str
    score: float
    evidence: list[Span]
    provenance: str
    model: str
    definition_version: int
    state: str
    created_at: str
    updated_at: str


class LabelEvidence(ContentLabel, frozen=True, kw_only=True):
    """A label with what other groups weigh it by.

    `sender` (address, name or id) and `sent_at` are those of the message it stands in: of the first one for a
    subject, of the version for a note. `account_id` is the conversation's; a note has that of its conversation.
    `severity` is 0..3; `task_type` and `needle_relevant` are the definition's. `repeats`: these are words of a
    summary that the service wrote itself; its source says them too, and counts.
    """

    account_id: str | None
    sender: str | None
    sent_at: str
    severity: float
    task_type: str | None
    needle_relevant: bool
    repeats: bool


class LabelsJoined(Message[None], topic="content_labels.joined", key=("into",), kw_only=True):
    """The labels of a conversation are those of another, of which it is a part. A fact, for what was made from them.

    `account_id` is that of the other one, `before` that of the part.
    """

    conversation_id: str
    into: str
    account_id: str | None
    before: str | None


class LabelsOfContent(Message[list[LabelEvidence]], topic="content_labels.of_content", kw_only=True):
    """The labels in force of one conversation or note, in order of creation, for other groups."""

    content_type: ContentType
    content_id: str


class LabelFound(msgspec.Struct, frozen=True, kw_only=True):
    """What an analysis says of one label: whether it is present, and the sentences that prove it."""

    content_type: ContentType | None
    content_id: str | None
    label: str
    present: bool
    score: float
    evidence: list[Span]
    provenance: str
    model: str


class LabelAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each label that was asked for; `remaining` pairs wait in the queue still."""

    results: list[LabelFound]
    cached: bool = False
    remaining: int = 0

    def spans(self) -> list[tuple[str, int, str]]:
        """(label, start, quote) of each piece of evidence of the labels that are present."""
        found = [(each.label, span) for each in self.results if each.present for span in each.evidence]
        return [(label, span.start, span.quote) for label, span in found]


class AnalyseContentLabels(Message[LabelAnalysis], topic="content_labels.analyze", kw_only=True):
    """Find labels now: of one content, of a `text` that is not stored, or (without any) of up to 100 queued pairs.

    `persist` false stores nothing. `version` is a note's; another than the current one is refused.
    """

    content_type: ContentType | None = None
    content_id: str | None = None
    version: str | None = None
    labels: tuple[LabelKey, ...] = ()
    text: Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")] | None = None
    persist: bool = True

    def __post_init__(self) -> None:
        if (self.content_type is None) != (self.content_id is None):
            raise ValueError("content_type and content_id belong together")
        if self.text is not None and self.content_id is not None:
            raise ValueError("give text, or content_type and content_id, not both")
        if self.version is not None:
            if self.content_type != "note":
                raise ValueError("version is that of a note: it needs content_type note and content_id")
            version_number(self.version)
        if self.content_id is None and self.text is None and self.labels:
            raise ValueError("labels needs content_type and content_id, or text; without them the queue says which")


class PreviewLabels(Message[LabelAnalysis], topic="content_labels.preview", kw_only=True):
    """The labels of a text that is not stored, and is not by this; all labels, or those named.

    The record of `content_labels.analyze` where that has a text.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")]
    labels: tuple[LabelKey, ...] = ()
    content_type: None = None
    content_id: None = None
    version: None = None
    persist: bool = False


class LabelContent(
    Message[dict[str, Any]], topic="content_labels", key=("content_type", "content_id", "labels"), kw_only=True
):
    """Find the labels that wait in the queue for one content, or those named."""

    content_type: ContentType
    content_id: str
    labels: tuple[LabelKey, ...] = ()


class QueueContentLabels(Message[dict[str, Any]], topic="content_labels.queue", kw_only=True):
    """Put (content, label) pairs into the queue: by default all that were not found yet, of the last 30 days."""

    labels: tuple[LabelKey, ...] = ()
    content_type: ContentType | None = None
    content_ids: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)] | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    only_missing: bool = True
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None

    def __post_init__(self) -> None:
        check_times(**{"from": self.from_, "until": self.until})
        if self.content_ids is not None and (self.from_ is not None or self.until is not None):
            raise ValueError("give content_ids, or from and until, not both")


class LabelRange(msgspec.Struct, frozen=True, kw_only=True):
    """A page of labels; `total` counts the whole range, `next_after` is null on the last page."""

    items: list[LabelEvidence]
    total: int
    next_after: str | None


class LabelsInRange(Message[LabelRange], topic="content_labels.in_range", kw_only=True):
    """The labels in force that were created in a range, oldest first; `after` fetches the next page."""

    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    after: str | None = None
    limit: Limit = 200


class ListContentLabels(Message[Page[ContentLabel]], topic="content_labels.list", kw_only=True):
    """Labels with their evidence, in order of creation; of one content, one label or one state where
    given."""

    content_id: str | None = None
    content_type: ContentType | None = None
    label: str | None = None
    state: Literal["active", "machine", "confirmed", "rejected", "superseded"] = "active"
    limit: Limit = 100
    cursor: str | None = None


class LabelDefinitionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a label means in this workspace; `name` is how people call it."""

    key: str
    name: str
    prompt: str
    kind: str
    rules: LabelRules
    threshold: float
    threshold_by: str
    enabled: bool
    version: int
    task_type: str | None
    needle_relevant: bool


class DefineLabel(Message[LabelDefinitionSummary], topic="labels.define", key=("key",), kw_only=True):
    """Change a label's definition, or add a label; what is left out stays. Each change is a new version."""

    key: LabelKey
    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)] | None = None
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    enabled: bool | None = None
    needle_relevant: bool | None = None
    task_type: str | None = None
    rules: LabelRules | None = None


class DecideContentLabel(Message[ContentLabel], topic="content_labels.decide", key=("id",), kw_only=True):
    """A person confirms or rejects one label, or gives it back to the machine."""

    id: str
    state: Literal["confirmed", "rejected", "machine"]


class ListLabels(Message[Page[LabelDefinitionSummary]], topic="labels.list"):
    """The label definitions of this workspace."""
