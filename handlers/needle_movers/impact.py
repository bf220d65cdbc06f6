"""The impact of a needle mover, 0..100: a weighted mean of five components that can be explained.

After operations.md 3.3. For one piece of evidence `e`: confidence `c` (its match score), severity `s` (0..3) and
recency `r = 0.5^(age in days / 30)`. For one subject `a` (the account, else the contact, else the conversation):
`v_a = max(c*r)` and `s_a = max(s*c*r)`, so that repeats by one subject count once; `N = sum v_a`.

    reach     ln(1+N) / ln(1 + active accounts of 90 days)
    severity  sum s_a / (3 N)
    revenue   sqrt(sum mrr_a*v_a / total mrr)
    momentum  x7 / (x7 + x28/4 + 1): evidence of the last 7 days, and of the 28 days before
    risk      sum churn_a*v_a / N

A component for which the workspace has no data (no revenue, no churn model) drops out with its weight.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from needlework.handlers.times import DAY

WEIGHTS: Mapping[str, float] = {"reach": 0.30, "revenue": 0.30, "severity": 0.20, "momentum": 0.10, "risk": 0.10}
HALF_LIFE = 30 * DAY
RECENT, BEFORE = 7 * DAY, 28 * DAY
FEW = 10
"""Active accounts from which on the share of them that says something tells anything."""
WORST = 3
"""The highest severity."""


class Evidence(NamedTuple):
    """One linked piece of evidence. `subject` is who said it; times are microseconds UTC."""

    subject: str
    confidence: float
    severity: float
    at: int
    mrr: float | None = None
    """Monthly revenue of the subject's account; None where it is unknown."""
    churn: float | None = None
    """Probability, 0..1, that the account leaves; None without a model's score."""
    place: str = ""
    """Where it stands: what carries several labels is one statement. Without a place it is one by itself."""


class Workspace(NamedTuple):
    """What all needle movers of a workspace are measured by."""

    active_accounts: int
    """Accounts with a conversation in the last 90 days."""
    total_mrr: float = 0.0
    churn_scored: bool = False
    """Whether there is a churn model whose scores count."""


class Basis(NamedTuple):
    """What movers are measured by at one time."""

    workspace: Workspace
    weights: Mapping[str, float]


class Impact(msgspec.Struct, frozen=True):
    """`score` 0..100, its components 0..1, their weights, and which components the workspace has no data for.

    It rests on `evidence` statements of `subjects` voices, among `active_accounts` of 90 days.
    """

    score: int
    exact: float
    components: dict[str, float]
    weights: dict[str, float]
    missing: list[str]
    evidence: int
    subjects: int
    active_accounts: int

    @property
    def note(self) -> str:
        """What to think of where the score rests on little; else empty."""
        if not self.evidence or self.active_accounts >= FEW:
            return ""
        if not self.active_accounts:
            return "no account is known: nothing to compare with"
        return f"of {self.active_accounts} active account{'' if self.active_accounts == 1 else 's'}: too few to compare"


class _Subject(NamedTuple):
    value: float
    harm: float
    mrr: float
    churn: float


def impact(
    evidence: Sequence[Evidence], workspace: Workspace, now: int, weights: Mapping[str, float] = WEIGHTS
) -> Impact:
    """The impact at `now`; evidence of the future counts as of now. The order of `evidence` does not matter."""
    subjects = _subjects(evidence, now)
    total = math.fsum(subject.value for subject in subjects)
    active = workspace.active_accounts
    parts = {
        "reach": _reach(total, active),
        "revenue": _revenue(subjects, workspace.total_mrr),
        "severity": math.fsum(subject.harm for subject in subjects) / (WORST * total) if total else 0.0,
        "momentum": _momentum(evidence, now),
        "risk": math.fsum(subject.churn * subject.value for subject in subjects) / total if total else 0.0,
    }
    components = {name: min(1.0, part) for name, part in parts.items()}  # rounding may pass a bound by a hair
    missing = [] if workspace.total_mrr > 0 else ["revenue"]
    missing += [] if workspace.churn_scored else ["risk"]
    present = {name: weight for name, weight in weights.items() if name not in missing}
    sum_of_weights = math.fsum(present.values())
    weighted = math.fsum(weight * components[name] for name, weight in present.items())
    exact = 100 * weighted / sum_of_weights if sum_of_weights else 0.0
    shown = {name: value for name, value in components.items() if name not in missing}
    return Impact(math.floor(exact + 0.5), exact, shown, present, missing, statements(evidence), len(subjects), active)


def statements(evidence: Sequence[Evidence]) -> int:
    """How much was said: a sentence that carries several labels is one statement."""
    return len({each.place for each in evidence if each.place}) + sum(not each.place for each in evidence)


def recency(at: int, now: int) -> float:
    """How much something said at `at` still counts, 0..1."""
    return float(0.5 ** (max(0, now - at) / HALF_LIFE))


def _subjects(evidence: Sequence[Evidence], now: int) -> list[_Subject]:
    """What each subject says at its strongest. Sorted, so that sums do not depend on the order of evidence."""
    found: dict[str, _Subject] = {}
    for each in evidence:
        value = each.confidence * recency(each.at, now)
        before = found.get(each.subject, _Subject(0.0, 0.0, 0.0, 0.0))
        found[each.subject] = _Subject(
            max(before.value, value),
            max(before.harm, each.severity * value),
            max(before.mrr, each.mrr or 0.0),
            max(before.churn, each.churn or 0.0),
        )
    return [found[subject] for subject in sorted(found)]


def _reach(total: float, active_accounts: int) -> float:
    everybody = math.log1p(max(active_accounts, 1))
    return math.log1p(total) / everybody


def _revenue(subjects: Sequence[_Subject], total_mrr: float) -> float:
    if total_mrr <= 0:
        return 0.0
    return math.sqrt(math.fsum(subject.mrr * subject.value for subject in subjects) / total_mrr)


def _momentum(evidence: Sequence[Evidence], now: int) -> float:
    said: dict[str | int, int] = {}
    for number, each in enumerate(evidence):
        place = each.place or number
        said[place] = max(each.at, said.get(place, each.at))
    ages = [max(0, now - at) for at in said.values()]
    recent = sum(age < RECENT for age in ages)
    before = sum(RECENT <= age < RECENT + BEFORE for age in ages)
    return recent / (recent + before / 4 + 1)


def breakdown(impact: Impact) -> dict[str, Any]:
    """The impact as stored and shown, by the names of its fields, with `note`."""
    return {
        "components": {name: round(value, 4) for name, value in impact.components.items()},
        "weights": impact.weights,
        "missing": impact.missing,
        "exact": round(impact.exact, 2),
        "evidence": impact.evidence,
        "subjects": impact.subjects,
        "active_accounts": impact.active_accounts,
        "note": impact.note,
    }
