"""The public words of matching, refreshing and reprocessing needle movers."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.labels.messages import version_number
from needlework.handlers.needle_movers.messages import Kind, NeedleMover
from needlework.handlers.times import Given, check_times, read_time

Words = Annotated[str, msgspec.Meta(max_length=20_000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
CONTENT = ("text", "conversation_fs_id", "note_id", "content_label_id")


class MatchEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What of the content fits: characters of the text, or of a message (of the note where there is none)."""

    start: int
    end: int
    quote: str
    message_id: str | None = None
    content_label_id: str | None = None


class MatchFound(msgspec.Struct, frozen=True, kw_only=True):
    """How well the content fits one needle mover, by its best part."""

    needle_mover_id: str
    title: str
    score: float
    decision: Literal["link", "suggest", "none"]
    components: dict[str, Any]
    evidence: MatchEvidence


class Matches(msgspec.Struct, frozen=True):
    """The needle movers that fit best; `best` is the one that the content would be (or was) linked to."""

    matches: list[MatchFound]
    best: str | None


class MatchInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to match: exactly one of text, conversation, note and label. `threshold` is the least score shown."""

    text: Words | None = None
    conversation_fs_id: str | None = None
    note_id: str | None = None
    note_version: str | None = None
    content_label_id: str | None = None
    kind: Kind | None = None
    account_id: str | None = None
    top_k: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    threshold: Share | None = None
    apply: bool = False

    def __post_init__(self) -> None:
        check_match(self)


def check_match(given: MatchInput) -> None:
    """Raise ValueError for anything but exactly one content, and for an empty text."""
    if sum(getattr(given, name) is not None for name in CONTENT) != 1:
        raise ValueError(f"needs exactly one of {', '.join(CONTENT)}")
    if given.text is not None and not given.text.strip():
        raise ValueError("text is empty")
    if given.note_version is not None:
        if given.note_id is None:
            raise ValueError("note_version needs note_id")
        version_number(given.note_version)
    if given.apply and given.text is not None:
        raise ValueError("apply needs a conversation, a note or a label: a bare text cannot be linked")


class MatchContent(MatchInput, Message[Matches], topic="needle_movers.match", frozen=True, kw_only=True):
    """Which needle movers a content fits; nothing is changed."""

    def __post_init__(self) -> None:
        check_match(self)


class ApplyMatch(MatchInput, Message[Matches], topic="needle_movers.apply_match", frozen=True, kw_only=True):
    """Link a content as the runner would, and answer what it is linked to now."""

    def __post_init__(self) -> None:
        check_match(self)


class Refreshed(NeedleMover, frozen=True, kw_only=True):
    """The needle mover, what was refreshed of it, and what needed none (`unchanged`)."""

    refreshed: list[Literal["impact", "summaries"]]
    unchanged: list[Literal["summaries"]]
    impact_before: int
    impact_after: int


class RefreshNeedleMover(Message[Refreshed], topic="needle_movers.refresh", key=("id",)):
    """Recompute the impact of a needle mover as of now, write its summaries anew where its evidence changed."""

    id: str
    impact: bool = False
    summaries: bool = False


class ReprocessNeedleMovers(Message[dict[str, Any]], topic="needle_movers.reprocess", kw_only=True):
    """Match the labels created in a range again, oldest first. `rematch` false leaves what is linked as it is."""

    from_: Given = msgspec.field(name="from")
    until: Given
    rematch: bool = True

    def __post_init__(self) -> None:
        check_times(**{"from": self.from_, "until": self.until})
        if read_time(self.from_) >= read_time(self.until):
            raise ValueError("from must be before until")
