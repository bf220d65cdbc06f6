"""What a person's decision about a label teaches the workspace: examples, counter-examples, and its threshold."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
from needlework.handlers.labels.definitions import LabelDefinition

MOST = 200
"""Examples of one label that are kept, the newest, and as many counter-examples."""
ENOUGH = 10
"""Decisions from which a threshold is tuned; of each kind there must be `EACH`."""
EACH = 3
LOWEST, HIGHEST = 0.3, 0.95


def taught(definition: LabelDefinition, quote: str, state: str) -> LabelDefinition:
    """The definition after a decision about `quote`; `machine` takes what an earlier decision taught away.

    The version is the same: whoever saves it raises it where anything differs.
    """
    rules = definition.rules
    examples = [each for each in rules.examples if each != quote]
    counter = [each for each in rules.counter_examples if each != quote]
    if state == "confirmed":
        examples.append(quote)
    elif state == "rejected":
        counter.append(quote)
    changed = msgspec.structs.replace(rules, examples=tuple(examples[-MOST:]), counter_examples=tuple(counter[-MOST:]))
    return msgspec.structs.replace(definition, rules=changed)


def tuned(decided: Sequence[tuple[float, bool]]) -> float | None:
    """The threshold with the best F1 on decided (score, confirmed) pairs; None for too few of them.

    Between two scores it is their middle; of equals it is the lowest, which loses least.
    """
    confirmed = sum(truth for _, truth in decided)
    if len(decided) < ENOUGH or min(confirmed, len(decided) - confirmed) < EACH:
        return None
    scores = sorted({score for score, _ in decided})
    cuts = [scores[0], *((low + high) / 2 for low, high in pairwise(scores))]
    best = max(cuts, key=lambda cut: (_f1(decided, cut), -cut))
    return round(min(HIGHEST, max(LOWEST, best)), 4)


def _f1(decided: Sequence[tuple[float, bool]], cut: float) -> float:
    hits = sum(truth for score, truth in decided if score >= cut)
    said = sum(score >= cut for score, _ in decided)
    return 2 * hits / max(1, said + sum(truth for _, truth in decided))
