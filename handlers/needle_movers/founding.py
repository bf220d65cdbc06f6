"""When spans that no needle mover takes make one of their own. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from needlework.handlers.needle_movers.impact import WORST
from needlework.handlers.needle_movers.matching import KINDS
from needlework.handlers.text.hashing import Float
from needlework.handlers.times import DAY

SPANS, SUBJECTS = 3, 2
"""So many spans, from so many accounts, make a needle mover; a single one does where it is as severe as can be."""
ALIKE = 0.55
"""Mean cosine of all their pairs."""
SURE = 0.75
"""Score of its label from which on a single one is severe beyond doubt."""
APART = 30 * DAY


@dataclass(frozen=True)
class Loose:
    """A span without a needle mover. `subject` is who said it: the account, else the contact, else the content."""

    id: str
    text: str
    label: str
    subject: str
    severity: float
    at: int
    vector: Float
    sure: bool = False
    """Whether its label is, enough for it to found a needle mover alone."""


def founders(span: Loose, pool: Sequence[Loose]) -> list[Loose]:
    """The spans that make a needle mover together with `span`, itself first; empty where there are too few.

    Those nearest to `span` join first, as long as all are alike on average.
    """
    if span.label not in KINDS:
        return []
    near = [each for each in pool if each.id != span.id and each.label in KINDS and abs(each.at - span.at) <= APART]
    cosines = {each.id: float(each.vector @ span.vector) for each in near}
    group = [span]
    total = 0.0
    for each in sorted(near, key=lambda other: (-cosines[other.id], other.id)):
        if cosines[each.id] < ALIKE:
            break
        more = sum(float(each.vector @ other.vector) for other in group)
        pairs = len(group) * (len(group) + 1) / 2
        if (total + more) / pairs >= ALIKE:
            group.append(each)
            total += more
    enough = len(group) >= SPANS and len({each.subject for each in group}) >= SUBJECTS
    return group if enough or (span.severity >= WORST and span.sure) else []


def nearer(group: Sequence[Loose], likeness: float | None) -> bool:
    """Whether a group of enough spans is closer to its first one than a mover that is `likeness` near to it.

    A rule has no likeness, and nothing is nearer than a rule.
    """
    if len(group) < SPANS or likeness is None:
        return False
    return sum(float(each.vector @ group[0].vector) for each in group[1:]) / (len(group) - 1) > likeness


def kind_of(group: Sequence[Loose]) -> str:
    """What most of them speak of; of equally many, the more severe."""
    counts = Counter(KINDS[each.label] for each in group)
    worst = {kind: max(each.severity for each in group if KINDS[each.label] == kind) for kind in counts}
    return max(counts, key=lambda kind: (counts[kind], worst[kind], kind))
