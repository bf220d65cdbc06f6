"""Make the numbers of evidence: `python -m needlework.benchmarks.training.evidence [--data FOLDER]`.

The likelihood that a turn drawn by the scores of a meeting lies within what people marked, made as great as it can be
over all questions of the meetings that are not aside (a quarter, by a hash of their id; they judge, in
`benchmarks/quality/evidence.py`).
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from needlework.benchmarks.training.sources import DATA
from needlework.benchmarks.training.summaries import Meeting, meetings
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.evidence import COLUMNS, NUMBERS, Evidence
from needlework.handlers.text.hashing import Double
from needlework.handlers.text.lbfgs import minimise
from needlework.handlers.text.logistic import softmax
from numpy.typing import NDArray

STRENGTH = 30.0
"""Of the regularisation; 10 and 30 are a tie by cross-validation over meetings."""


class Asked(NamedTuple):
    """A question: what the score of each turn is made of, and which turns answer it."""

    meeting: int
    aside: bool
    rows: Double
    right: NDArray[np.bool_]


def questions(data: Path) -> list[Asked]:
    """All of them."""
    return [each for number, meeting in enumerate(meetings(data)) for each in _asked(number, meeting)]


def _asked(number: int, meeting: Meeting) -> list[Asked]:
    evidence = Evidence(meeting.turns, shared_encoder())
    found = []
    for question, spans in meeting.questions:
        right = np.zeros(len(meeting.turns), dtype=bool)
        for first, last in spans:
            right[first : last + 1] = True
        found.append(Asked(number, meeting.aside, evidence.rows(question), right))
    return found


def fit(asked: list[Asked], strength: float = STRENGTH) -> Double:
    """[columns]: the weights of the columns."""

    def objective(weights: Double) -> tuple[float, Double]:
        loss, slope = strength * float(weights @ weights), 2 * strength * weights
        for each in asked:
            shares = softmax((each.rows @ weights)[None, :])[0]
            hit = float(shares[each.right].sum()) + 1e-12
            loss -= float(np.log(hit))
            slope = slope + each.rows.T @ (shares - np.where(each.right, shares, 0) / hit)
        return loss, slope

    return minimise(objective, np.zeros(len(COLUMNS)), 300, tolerance=1e-3)


def main() -> None:
    """Train on what is not aside, and write the numbers into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = [each for each in questions(parser.parse_args().data) if not each.aside]
    weights = fit(asked)
    plain = {name: round(float(each), 4) for name, each in zip(COLUMNS, weights, strict=True)}
    NUMBERS.write_text(json.dumps(plain, indent=1) + "\n")
    print(f"{NUMBERS.name}: {len(asked)} questions, {len(plain)} weights")


if __name__ == "__main__":
    main()
