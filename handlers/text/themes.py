"""Which of several themes a text belongs to, from the name of each and a few examples.

The name counts as one more example. With fewer than three examples the centroid decides; from three on the mean of
the two nearest examples has a say. Themes are told apart by a logistic regression on vectors that were moved first:
a matrix (`themes.npz`, made by `benchmarks/training/themes.py`) turns them so that texts of one theme lie nearer to
each other. Moved vectors stay within `order`: they are never stored, nor compared with others (figures:
benchmarks/quality/themes.py, docs/needle_movers.md, decision 0012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from needlework.handlers.text.bm25 import BM25
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double, Float
from needlework.handlers.text.logistic import Logistic, fit

NUMBERS = Path(__file__).with_name("themes.npz")
ENOUGH = 3
"""Examples from which on more than the centroid is used."""
CENTROID_SHARE = 0.7
"""Of a similarity; the rest is the mean of the two nearest examples."""
CENTROID_SHARE_MOVED = 0.4
"""The same for moved vectors, whose examples lie nearer to each other."""
C = 30.0
NAME_WEIGHT = 2.0
"""Of a name as a row of the regression; that of an example is 1."""
ITERATIONS = 60
NEAR, SAID = 8.0, 2.0
"""Weights of the similarity and of the words' part in the best, beside the log probability."""


@dataclass(frozen=True)
class Theme:
    """`name` [dim] and `examples` [n, dim] of unit norm; `words` of the name and all examples."""

    name: Float
    examples: Float
    words: Sequence[str] = ()


def similarity(vectors: Float, theme: Theme, centroid_share: float = CENTROID_SHARE) -> Double:
    """[n]: cosine of each vector with the theme, the name counted as an example."""
    whole = np.concatenate((theme.name[None, :], theme.examples)).mean(axis=0)
    norm = float(np.linalg.norm(whole))
    central = vectors @ (whole / norm if norm else whole)
    if len(theme.examples) < ENOUGH:
        return np.asarray(central, dtype=np.float64)
    nearest = np.sort(vectors @ theme.examples.T, axis=1)[:, -2:].mean(axis=1)
    return np.asarray(centroid_share * central + (1 - centroid_share) * nearest, dtype=np.float64)


def model(themes: Sequence[Theme]) -> Logistic:
    """A logistic regression that tells the themes apart; names are rows beside the examples."""
    rows = np.concatenate([np.concatenate((theme.name[None, :], theme.examples)) for theme in themes])
    truth = np.repeat(np.arange(len(themes)), [1 + len(theme.examples) for theme in themes])
    weights = np.concatenate([[NAME_WEIGHT, *np.ones(len(theme.examples))] for theme in themes])
    names = [str(number) for number in range(len(themes))]
    return fit(Features(rows.astype(np.float32)), truth, names, C, weights, ITERATIONS)


def order(
    vectors: Float, queries: Sequence[Sequence[str]], themes: Sequence[Theme], move: Float | None = None
) -> Double:
    """[n, themes]: the greater, the likelier; comparable within a row only. `queries` are the texts' words.

    `vectors` and themes are as the encoder gives them; `move` [dim, dim] is what is added to each (the shipped one).
    """
    by = shipped() if move is None else move
    texts = moved(vectors, by)
    near_by = [Theme(moved(theme.name[None, :], by)[0], moved(theme.examples, by)) for theme in themes]
    lexical = BM25([theme.words for theme in themes])
    said = np.stack([lexical.scores(query) for query in queries])
    said /= np.maximum(said.max(axis=1, keepdims=True), 1e-9)
    near = np.stack([similarity(texts, each, CENTROID_SHARE_MOVED) for each in near_by], axis=1)
    logits = model(near_by).logits(Features(texts))
    if len(themes) == 2:
        logits = np.concatenate((np.zeros_like(logits), logits), axis=1)
    return np.asarray(logits + SAID * said + NEAR * near)


def moved(vectors: Float, by: Float) -> Float:
    """[n, dim] of unit norm: each vector and what the matrix adds to it."""
    made = vectors + vectors @ by
    return np.asarray(made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9), dtype=np.float32)


@lru_cache(maxsize=1)
def shipped() -> Float:
    """[dim, dim]: the matrix in the package."""
    with np.load(NUMBERS, allow_pickle=False) as file:
        return np.asarray(file["move"], dtype=np.float32)
