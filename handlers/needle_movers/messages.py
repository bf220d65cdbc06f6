"""The public words of needle movers: what may be asked for, and what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Search
from needlework.handlers.labels.messages import ContentType, Span
from needlework.handlers.times import Time, check_times
from needlework.handlers.words import check_id

LATER = 15 * SECOND
"""How much later an impact is measured where more may come that changes it."""
Kind = Literal["risk", "issue", "opportunity", "progress", "decision"]
Status = Literal["suggested", "active", "in_progress", "resolved", "dismissed", "merged"]
SettableStatus = Literal["suggested", "active", "in_progress", "resolved", "dismissed"]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, msgspec.Meta(max_length=5000)]
Score = Annotated[int, msgspec.Meta(ge=0, le=100)]
Phrase = Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=r"\w")]
Phrases = Annotated[tuple[Phrase, ...], msgspec.Meta(max_length=50)]


class MatchingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person says of matching: a phrase or key found links for certain, an excluded phrase keeps out.

    Phrases are plain words, `*` stands for up to four of them; a key is `owner/repo#12`.
    """

    patterns: Phrases = ()
    external_keys: Phrases = ()
    exclude: Phrases = ()


class NeedleMover(msgspec.Struct, frozen=True, kw_only=True):
    """One matter that moves the business. `impact` is what counts: `impact_override` where there is one.

    A title whose `title_provenance` is not `user` may be made anew by a refresh, when there is other evidence.
    `summary_*` quote evidence by number; `citations` tells which evidence a number is.
    """

    id: str
    title: str
    title_provenance: str
    description: str
    kind: Kind
    status: Status
    provenance: str
    owner_id: str | None
    impact: int
    impact_computed: int
    impact_override: int | None
    impact_breakdown: dict[str, Any]
    impact_at: str | None
    summary_short: str
    summary_long: str
    summary_delta: str
    summary_user: str | None
    citations: dict[str, str]
    rules: MatchingRules
    evidence: dict[str, int]
    """How many statements are linked, suggested, rejected; one that carries several labels counts once."""
    accounts: int
    merged_into: str | None
    first_seen_at: str | None
    last_seen_at: str | None
    created_at: str
    updated_at: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Something said that belongs to a needle mover (or may, or does not), with its place and who said it."""

    id: str
    needle_mover_id: str
    content_label_id: str
    label: str
    content_type: ContentType
    content_id: str
    account_id: str | None
    contact: str | None
    severity: float
    said_at: str
    span: Span
    score: float
    components: dict[str, Any]
    state: Literal["linked", "suggested", "rejected"]
    provenance: str
    decided_by: str | None
    created_at: str
    updated_at: str


class CreateNeedleMover(Message[NeedleMover], topic="needle_movers.create", kw_only=True):
    """A needle mover that a person names; evidence that waits for one is matched with it."""

    title: Title
    kind: Kind
    id: str | None = None
    description: Text = ""
    status: SettableStatus = "active"
    owner_id: str | None = None
    rules: MatchingRules = MatchingRules()
    impact_override: Score | None = None
    summary_user: Text | None = None

    def __post_init__(self) -> None:
        check_id("nm", self.id)


class UpdateNeedleMover(Message[NeedleMover], topic="needle_movers.update", key=("id",), kw_only=True):
    """Change a needle mover; what is left out stays, null takes an owner, an override or one's own summary away."""

    id: str
    title: Title | msgspec.UnsetType = msgspec.UNSET
    kind: Kind | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    status: SettableStatus | msgspec.UnsetType = msgspec.UNSET
    owner_id: str | msgspec.UnsetType | None = msgspec.UNSET
    rules: MatchingRules | msgspec.UnsetType = msgspec.UNSET
    impact_override: Score | msgspec.UnsetType | None = msgspec.UNSET
    summary_user: Text | msgspec.UnsetType | None = msgspec.UNSET


class ReadNeedleMover(Message[NeedleMover], topic="needle_movers.read"):
    """One needle mover with its breakdown."""

    id: str


class ListNeedleMovers(Message[Page[NeedleMover]], topic="needle_movers.list", kw_only=True):
    """Needle movers, the greatest impact first; merged ones only where asked for by `status`.

    `q` searches titles, descriptions, short summaries, and the quotes that are or may be evidence. `account_id` means
    those for which something that the account has said is evidence.
    """

    q: Search | None = None
    account_id: str | None = None
    status: Status | None = None
    kind: Kind | None = None
    owner_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class CountNeedleMovers(Message[dict[str, int]], topic="needle_movers.counts"):
    """How many needle movers there are, by status."""


class ListEvidence(Message[Page[Evidence]], topic="needle_movers.evidence", kw_only=True):
    """What was said about one needle mover, oldest link first."""

    id: str
    state: Literal["linked", "suggested", "rejected"] | None = None
    account_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class DecideEvidence(Message[Evidence], topic="needle_movers.decide", key=("id",), kw_only=True):
    """A person links or rejects a piece of evidence, or says how severe it is. A rejection is final for matching."""

    id: str
    evidence_id: str
    state: Literal["linked", "rejected"] | None = None
    severity: Annotated[float, msgspec.Meta(ge=0, le=3)] | None = None

    def __post_init__(self) -> None:
        if self.state is None and self.severity is None:
            raise ValueError("needs state, severity, or both")


class MergeNeedleMovers(Message[NeedleMover], topic="needle_movers.merge", key=("id",)):
    """Make one needle mover a part of another: its evidence moves, its address answers with the other's."""

    id: str
    into: str


class PurgeNeedleMovers(Message[dict[str, Any]], topic="needle_movers.purge", kw_only=True):
    """Delete needle movers created in a range; without one, all. They can be restored for seven days."""

    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    dry_run: bool = False
    include_user_created: bool = True

    def __post_init__(self) -> None:
        check_times(**{"from": self.from_, "until": self.until})


class RestoreNeedleMovers(Message[dict[str, Any]], topic="needle_movers.restore", key=("purge_id",)):
    """Bring back what one purge deleted."""

    purge_id: str


class NeedleMoverCandidate(
    Message[dict[str, Any]], topic="needle_mover_scheduler", key=("entity_type", "entity_id"), kw_only=True
):
    """Hand one conversation or note over to matching where its labels changed; without one, all that have."""

    entity_type: ContentType | None = None
    entity_id: str | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        if (self.entity_type is None) != (self.entity_id is None):
            raise ValueError("entity_type and entity_id belong together")
        if self.version is not None and self.entity_id is None:
            raise ValueError("version needs entity_id")


class MeasureMover(Message[dict[str, Any]], topic="needle_movers.measure", key=("needle_mover_id",)):
    """Measure a needle mover to which much was linked."""

    needle_mover_id: str


class MeasureMovers(Message[dict[str, int]], topic="needle_movers.measure_all"):
    """Measure all needle movers anew: what they are measured by has changed, revenue or the accounts there are."""


class MatchEntity(Message[dict[str, Any]], topic="needle_mover", key=("entity_type", "entity_id"), kw_only=True):
    """Match what one conversation or note says with the needle movers of its workspace."""

    entity_type: ContentType
    entity_id: str
    version: str | None = None


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one needle mover in a period, with the words that say so."""

    id: str
    title: str
    kind: str
    status: str
    owner_id: str | None
    now: int
    """The impact as it is, which pages and lists show too."""
    impact: int
    """That of the end of the period; the same as `now` where it has not ended."""
    before: int
    delta: int
    new_statements: int
    accounts: int
    quotes: list[dict[str, Any]]


class DigestNeedleMovers(Message[list[Digest]], topic="needle_movers.digest", kw_only=True):
    """The needle movers of a period, the greatest impact first, for reports."""

    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20


class StaleImpacts(Message[bool], topic="needle_movers.stale"):
    """Whether the impact of any needle mover was measured before today, in the workspace's time zone."""


class DecayImpacts(Message[dict[str, int]], topic="needle_movers.decay"):
    """Measure the impacts that were not measured today: without new evidence they fall from day to day."""
