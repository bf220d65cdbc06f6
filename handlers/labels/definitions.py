"""What the labels are: the twelve that every workspace starts with, and the shape of those it adds."""

from typing import Literal

import msgspec

DEFAULT_THRESHOLD = 0.6
NAMES = {
    "action_items": "Action item",
    "task_issue_bug": "Bug",
    "competitor_mention": "Competitor",
    "expansion_signal": "Expansion",
    "follow_up_promised": "Follow-up promised",
}
"""How people call a label whose key says it badly; the others are called by their keys."""


class LabelRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a workspace teaches a label.

    Phrases are words, not regular expressions: `*` stands for up to four words.

    A phrase found makes the label present; a `never` phrase found keeps the sentence from carrying it.
    Examples and counter-examples (confirmed and rejected sentences) train a small model beside the built-in
    one.
    """

    phrases: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()


class LabelDefinition(msgspec.Struct, frozen=True):
    """One label.

    `threshold` is the score, 0..1, from which a sentence carries it; `version` grows with each change.

    `task_type` names the kind of task that the label suggests; `needle_relevant` lets it feed needle
    movers.
    """

    key: str
    prompt: str
    kind: Literal["boolean", "confidence", "enum"] = "boolean"
    rules: LabelRules = LabelRules()
    threshold: float = DEFAULT_THRESHOLD
    threshold_by: Literal["default", "decisions", "user"] = "default"
    """Decisions about labels tune it, unless a person has set it."""
    enabled: bool = True
    version: int = 1
    task_type: str | None = None
    needle_relevant: bool = True

    @property
    def name(self) -> str:
        """How people call it."""
        return NAMES.get(self.key) or self.key.replace("_", " ").capitalize()


DEFAULT_LABELS: tuple[LabelDefinition, ...] = (
    LabelDefinition(
        key="action_items",
        prompt=("Someone is asked, or offers, to do something: a request, an order, a proposal to meet, a commitment."),
        task_type="follow_up",
    ),
    LabelDefinition(
        key="task_issue_bug",
        prompt="Something that should work does not: an error, a crash, a wrong result, a regression.",
        task_type="bug",
    ),
    LabelDefinition(
        key="feature_request",
        prompt="A wish for something the product cannot do yet, or for a change to how it does it.",
        task_type="feature",
    ),
    LabelDefinition(
        key="question",
        prompt="A question that wants an answer.",
        task_type="question",
        needle_relevant=False,
    ),
    LabelDefinition(
        key="churn_risk",
        prompt=("A customer may leave: cancelling, not renewing, moving to another product, losing faith or interest."),
    ),
    LabelDefinition(
        key="praise",
        prompt="Someone praises the product, the service or a person; plain thanks are not praise.",
    ),
    LabelDefinition(
        key="decision",
        prompt="Something is decided, agreed or approved; an open choice is not a decision.",
    ),
    LabelDefinition(
        key="pricing_objection",
        prompt=("The price is an obstacle: too expensive, no budget, a discount asked for, an increase disputed."),
    ),
    LabelDefinition(
        key="competitor_mention",
        prompt="Another product or vendor that could take our place is named or hinted at.",
    ),
    LabelDefinition(
        key="escalation",
        prompt=("A complaint goes to a higher level: a manager is demanded, patience is over, management is involved."),
        task_type="follow_up",
    ),
    LabelDefinition(
        key="expansion_signal",
        prompt="A customer may buy more: seats, a higher plan, another team, office or product.",
    ),
    LabelDefinition(
        key="follow_up_promised",
        prompt="The speaker promises to come back, send, call or report later.",
        task_type="follow_up",
    ),
)

DEFAULTS_BY_KEY = {definition.key: definition for definition in DEFAULT_LABELS}

SEVERITIES = {
    "praise": 0.0,
    "task_issue_bug": 2.0,
    "pricing_objection": 2.0,
    "churn_risk": 3.0,
    "escalation": 3.0,
}
DEFAULT_SEVERITY = 1.0


def severity(key: str) -> float:
    """How much a label weighs for the one who says it, 0..3."""
    return SEVERITIES.get(key, DEFAULT_SEVERITY)
