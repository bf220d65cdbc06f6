"""Question -> the turn that answers it: `python -m needlework.benchmarks.quality.evidence [--data FOLDER]`.

On the meetings that were kept aside from training, with the shipped numbers; and on all, each tenth of the meetings by
numbers that were trained on the other nine.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from needlework.benchmarks.training.evidence import Asked, fit, questions
from needlework.benchmarks.training.sources import DATA
from needlework.handlers.text.evidence import shipped, spread
from needlework.handlers.text.hashing import Double

FOLDS = 10
MOST = 10
GOALS = {"hit@1": 0.52, "hit@5": 0.80}


def rank(asked: Asked, weights: Double) -> int:
    """The place of the first turn that is right, from 0; MOST where none is among so many."""
    return next((n for n, turn in enumerate(spread(asked.rows @ weights, MOST)) if asked.right[turn]), MOST)


def hits(name: str, ranks: Sequence[int]) -> dict[str, object]:
    """One line of the table."""
    found = {f"hit@{k}": round(float(np.mean([each < k for each in ranks])), 3) for k in (1, 5, 10)}
    return {"meetings": name, "questions": len(ranks), **found}


def by_folds(asked: Sequence[Asked]) -> list[int]:
    """Ranks on all questions, each meeting judged by numbers that did not see it."""
    fold = np.random.default_rng(0).permutation(1 + max(each.meeting for each in asked)) % FOLDS
    ranks: list[int] = []
    for number in range(FOLDS):
        weights = fit([each for each in asked if fold[each.meeting] != number])
        ranks += [rank(each, weights) for each in asked if fold[each.meeting] == number]
    return ranks


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = questions(parser.parse_args().data)
    print(json.dumps(hits("aside", [rank(each, shipped()) for each in asked if each.aside])))
    print(json.dumps(hits("all, by folds", by_folds(asked))))
    print(json.dumps({"goals": GOALS}))


if __name__ == "__main__":
    main()
