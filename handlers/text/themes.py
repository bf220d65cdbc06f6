"""Which of several themes a text belongs to, from the name of each and a few examples.

The name counts as one more example. With fewer than three examples the centroid decides; from three on the mean of
the two nearest examples has a say, and themes are told apart by a logistic regression on the vectors, with what the
words say beside it (figures: benchmarks/quality/themes.py, docs/needle_movers.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from needlework.handlers.text.bm25 import BM25
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double, Float
from needlework.handlers.text.logistic import Logistic, fit

ENOUGH = 3
"""Examples from which on more than the centroid is used."""
CENTROID_SHARE = 0.7
"""Of a similarity; the rest is the mean of the two nearest examples."""
C = 10.0
ITERATIONS = 60
NEAR = 4.0
"""Weight of the similarity beside log probability and the words' part in the best."""


@dataclass(frozen=True)
class Theme:
    """`name` [dim] and `examples` [n, dim] of unit norm; `words` of the name and all examples."""

    name: Float
    examples: Float
    words: Sequence[str] = ()


def similarity(vectors: Float, theme: Theme) -> Double:
    """[n]: cosine of each vector with the theme, the name counted as an example."""
    whole = np.concatenate((theme.name[None, :], theme.examples)).mean(axis=0)
    norm = float(np.linalg.norm(whole))
    central = vectors @ (whole / norm if norm else whole)
    if len(theme.examples) < ENOUGH:
        return np.asarray(central, dtype=np.float64)
    nearest = np.sort(vectors @ theme.examples.T, axis=1)[:, -2:].mean(axis=1)
    return np.asarray(CENTROID_SHARE * central + (1 - CENTROID_SHARE) * nearest, dtype=np.float64)


def model(themes: Sequence[Theme]) -> Logistic:
    """A logistic regression that tells the themes apart; names are rows beside the examples."""
    rows = np.concatenate([np.concatenate((theme.name[None, :], theme.examples)) for theme in themes])
    truth = np.repeat(np.arange(len(themes)), [1 + len(theme.examples) for theme in themes])
    names = [str(number) for number in range(len(themes))]
    return fit(Features(rows.astype(np.float32)), truth, names, c=C, iterations=ITERATIONS)


def order(vectors: Float, queries: Sequence[Sequence[str]], themes: Sequence[Theme]) -> Double:
    """[n, themes]: the greater, the likelier; comparable within a row only. `queries` are the texts' words."""
    lexical = BM25([theme.words for theme in themes])
    said = np.stack([lexical.scores(query) for query in queries])
    said /= np.maximum(said.max(axis=1, keepdims=True), 1e-9)
    near = np.stack([similarity(vectors, theme) for theme in themes], axis=1)
    logs = np.log(model(themes).probabilities(Features(vectors)) + 1e-12)
    return np.asarray(logs + said + NEAR * near)
