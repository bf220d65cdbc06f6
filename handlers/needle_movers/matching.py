"""Which needle mover a span belongs to: rules first, then a score of meaning, words, kind and account. Pure.

After operations.md 3.4. score = .60 similarity + .25 BM25 / best BM25 + .10 kind compatible + .05 same account, over
the 20 nearest by meaning and the 20 best by words.
"""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

import numpy as np
from needlework.handlers.needle_movers.crowd import Candidate, Crowd
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.hashing import Double, Float
from needlework.handlers.text.themes import ENOUGH, order

MEANING, LEXICAL, COMPATIBLE, ACCOUNT = 0.60, 0.25, 0.10, 0.05
CANDIDATES = 20
TIE = 0.03
"""Two that differ by less are too close to call: a person is asked."""
KINDS = {
    "churn_risk": "risk",
    "escalation": "risk",
    "pricing_objection": "risk",
    "competitor_mention": "risk",
    "task_issue_bug": "issue",
    "feature_request": "opportunity",
    "expansion_signal": "opportunity",
    "praise": "progress",
    "decision": "decision",
}
"""What a label speaks of; others (action items, a workspace's own) speak of no kind, and found nothing new."""
RELATED = {frozenset(("risk", "issue")), frozenset(("risk", "opportunity"))}
"""A defect or a missing feature may be why somebody leaves."""
_KEY = re.compile(r"\b[A-Za-z0-9][\w.-]*/[\w.-]+#\d+\b")

Decision = Literal["link", "suggest", "none"]


@dataclass(frozen=True)
class Said:
    """One span: what is said where by whom. `vector` [dim] is of unit norm."""

    id: str
    text: str
    vector: Float
    label: str | None = None
    content_id: str | None = None
    account_id: str | None = None
    keys: Set[str] = frozenset()
    kind: str | None = None

    @property
    def speaks_of(self) -> str | None:
        """The kind of needle mover that it would be evidence for; None where it speaks of none."""
        return self.kind or KINDS.get(self.label or "")


@dataclass(frozen=True)
class Match:
    """How well a span fits one candidate, and why."""

    mover: Candidate
    score: float
    components: dict[str, Any]
    provenance: str = "model"


@dataclass(frozen=True)
class Verdict:
    """All candidates, the best first, and what follows for the best."""

    matches: list[Match]
    decision: Decision

    @property
    def best(self) -> Match | None:
        """The one that `decision` is about."""
        return self.matches[0] if self.matches else None


def keys_in(*texts: str | None) -> frozenset[str]:
    """Keys of outside things (`owner/repo#12`) that texts name, in small letters."""
    return frozenset(key.lower() for text in texts if text for key in _KEY.findall(text))


def verdict(said: Said, crowd: Crowd, link_at: float, suggest_at: float) -> Verdict:
    """Rules, then scores, then what is near: at most one link or suggestion."""
    out = {place for place, each in crowd.ruled if said.id in each.rejected or _excluded(said, each)}
    ruled = [
        Match(each, 1.0, {"rule": why}, "rule")
        for place, each in crowd.ruled
        if place not in out and (why := _rule(said, each))
    ]
    if ruled:
        return Verdict(ruled, "link" if len(ruled) == 1 else "suggest")
    matches = _scored(said, crowd, crowd.left_out(out))
    matches = _reordered(said, matches, suggest_at)
    if not matches or matches[0].score < suggest_at:
        return Verdict(matches, "none")
    runner_up = max((match.score for match in matches[1:]), default=0.0)
    sure = matches[0].score >= link_at and matches[0].score - runner_up >= TIE
    return Verdict(matches, "link" if sure else "suggest")


def compatible(said: Said, kind: str) -> float:
    """1 for the same kind, a half for related ones, else 0."""
    mine = said.speaks_of
    if frozenset((mine, kind)) in RELATED:
        return 0.5
    return 1.0 if mine == kind else 0.0


def _scored(said: Said, crowd: Crowd, out: frozenset[int]) -> list[Match]:
    if not crowd:
        return []
    near = crowd.near(said.vector, said.id)
    lexical = crowd.lexical(words(said.text), out)
    chosen = sorted({*_best(near, out), *_best(lexical, out)})
    most = max((lexical[at] for at in chosen), default=0.0)
    found = []
    for at in chosen:
        each = crowd.at(at)
        parts = {
            "embedding": round(float(max(0.0, near[at])), 4),
            "lexical": round(float(lexical[at] / most), 4) if most > 0 else 0.0,
            "compat": compatible(said, each.kind),
            "account": 1.0 if said.account_id in each.accounts else 0.0,
        }
        total = MEANING * parts["embedding"] + LEXICAL * parts["lexical"]
        total += COMPATIBLE * parts["compat"] + ACCOUNT * parts["account"]
        found.append(Match(each, round(min(1.0, total), 4), parts))
    return sorted(found, key=lambda match: (-match.score, match.mover.id))


def _best(scores: Double, out: frozenset[int]) -> list[int]:
    """The places of the highest scores, but for those left out."""
    ordered = np.argsort(-scores, kind="stable")
    return [int(at) for at in islice((at for at in ordered if at not in out), CANDIDATES)]


def _reordered(said: Said, matches: list[Match], suggest_at: float) -> list[Match]:
    """Where several are likely and have examples enough, a model of just these says which is first."""
    likely = [match for match in matches if match.score >= suggest_at]
    themes = [match.mover.theme(said.id) for match in likely]
    if len(likely) < 2 or any(len(theme.examples) < ENOUGH for theme in themes):
        return matches
    first = likely[int(np.argmax(order(said.vector[None, :], [words(said.text)], themes)[0]))]
    return [first, *(match for match in matches if match is not first)]


def _rule(said: Said, mover: Candidate) -> str | None:
    """Why the span belongs to the mover for certain, or None."""
    for phrase in mover.rules.patterns:
        if _pattern(phrase).search(said.text):
            return f"pattern: {phrase}"
    for key in mover.rules.external_keys:
        if key.lower() in said.keys:
            return f"key: {key}"
    if said.content_id is not None and said.content_id in mover.confirmed:
        return "thread of confirmed evidence"
    return None


def _excluded(said: Said, mover: Candidate) -> bool:
    return any(_pattern(phrase).search(said.text) for phrase in mover.rules.exclude)


@lru_cache(maxsize=1024)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Plain words, any white space between them, `*` for up to four words."""
    parts = [r"(?:\S+\s+){0,4}?" if word == "*" else re.escape(word) + r"(?!\w)\S{0,2}\s*" for word in phrase.split()]
    return re.compile(r"(?<!\w)" + "".join(parts), re.IGNORECASE)
