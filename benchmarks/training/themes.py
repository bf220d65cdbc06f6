"""Make the matrix that tells themes apart: `python -m needlework.benchmarks.training.themes [--data FOLDER]`.

Episodes, as in the service: of some themes, a few examples each (half of the time with the name among them) make a
centroid, and other texts must find theirs by cosine. What is learned is how to move vectors, not any theme: it is
judged on themes that it never saw (`benchmarks/quality/themes.py`). What ships is trained on all of both sets.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from needlework.benchmarks.training.sources import DATA
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.hashing import Float, Int
from needlework.handlers.text.themes import NUMBERS
from numpy.typing import NDArray

STEPS, RATE, DECAY = 300, 3e-4, 1e-4
THEMES, SHOTS, TEXTS = 200, 8, 4
"""Of an episode: themes, the most examples of each, other texts of each."""
HARD = 0.7
"""The share of episodes among the themes that lie nearest to one of them, a third as many."""
SHARP = 16.0
"""A cosine as a logit."""
FADING = 0.9, 0.999
"""Of the gradient and its square (Adam; Kingma and Ba, 2015)."""


NONE = "oos"
"""What clinc150 calls texts that belong to no theme."""


class Labelled(NamedTuple):
    """Texts as vectors [n, dim], the theme of each, and the themes' names as vectors [themes, dim]."""

    vectors: Float
    theme: Int
    names: Float

    def only(self, themes: NDArray[np.bool_]) -> "Labelled":
        """Without the themes that are False."""
        kept = themes[self.theme]
        number = np.cumsum(themes) - 1
        return Labelled(self.vectors[kept], number[self.theme[kept]], self.names[themes])

    def beside(self, other: "Labelled") -> "Labelled":
        """The themes of both."""
        theme = np.concatenate((self.theme, other.theme + len(self.names)))
        return Labelled(
            np.concatenate((self.vectors, other.vectors)), theme, np.concatenate((self.names, other.names))
        )  # fmt: skip


class Episode(NamedTuple):
    """`rows`: examples and then asked texts; `share` [themes, examples] makes centroids; `truth` of the asked."""

    rows: Float
    share: Float
    truth: Int


def intents(path: Path) -> list[tuple[str, str]]:
    """(theme, text) of each row."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file, delimiter="\t"))[1:]]


def labelled(pairs: Sequence[tuple[str, str]]) -> Labelled:
    """(theme, text) pairs as vectors, themes in the order of their names."""
    names = sorted({name for name, _ in pairs})
    theme = np.array([names.index(name) for name, _ in pairs])
    encoder = shared_encoder()
    return Labelled(
        encoder.encode([text for _, text in pairs]), theme, encoder.encode([name.replace("_", " ") for name in names])
    )


def banking(data: Path) -> Labelled:
    """77 themes of customers' questions to a bank."""
    return labelled(intents(data / "support_intents_banking77" / "train.tsv"))


def assistant(data: Path) -> Labelled:
    """150 themes of requests to an assistant."""
    folder = data / "intents_with_no_match_clinc150"
    pairs = [pair for name in ("train_small", "val") for pair in intents(folder / f"{name}.tsv")]
    return labelled([pair for pair in pairs if pair[0] != NONE])


def learn(known: Labelled, seed: int = 0) -> Float:
    """[dim, dim]: what is to be added to a vector, as its product with this. Deterministic."""
    draw = np.random.default_rng(seed)
    size = known.vectors.shape[1]
    move, mean, square = (np.zeros((size, size), dtype=np.float32) for _ in range(3))
    groups = [np.flatnonzero(known.theme == number) for number in range(len(known.names))]
    middle = np.stack([known.vectors[rows].mean(axis=0) for rows in groups])
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    for step in range(1, STEPS + 1):
        slope = gradient(_episode(known, groups, middle @ middle.T, draw), move) + DECAY * move
        mean = FADING[0] * mean + (1 - FADING[0]) * slope
        square = FADING[1] * square + (1 - FADING[1]) * slope * slope
        rate = RATE * min(1.0, 2 * (STEPS - step + 1) / STEPS)
        unbiased = np.sqrt(square / (1 - FADING[1] ** step)) + 1e-8
        move = move - np.float32(rate / (1 - FADING[0] ** step)) * mean / unbiased
    return np.asarray(move, dtype=np.float32)


def _episode(known: Labelled, groups: Sequence[Int], near: Float, draw: np.random.Generator) -> Episode:
    if draw.random() < HARD:
        chosen = np.argsort(-near[draw.integers(len(groups))], kind="stable")[: THEMES // 3]
    else:
        chosen = draw.permutation(len(groups))[:THEMES]
    shots = int(draw.integers(1, SHOTS + 1))
    mixed = [draw.permutation(groups[theme]) for theme in chosen]
    examples = np.concatenate([rows[:shots] for rows in mixed])
    asked = [rows[shots : shots + TEXTS] for rows in mixed]
    owner = np.repeat(np.arange(len(chosen)), [len(rows[:shots]) for rows in mixed])
    shown = known.vectors[examples]
    if draw.random() < 0.5:
        shown, owner = np.concatenate((shown, known.names[chosen])), np.concatenate((owner, np.arange(len(chosen))))
    share = (owner[None, :] == np.arange(len(chosen))[:, None]).astype(np.float32)
    share /= share.sum(axis=1, keepdims=True)
    truth = np.repeat(np.arange(len(chosen)), [len(rows) for rows in asked])
    return Episode(np.concatenate((shown, known.vectors[np.concatenate(asked)])), share, truth)


def loss(episode: Episode, move: Float) -> float:
    """The mean surprise at the themes of the asked texts."""
    centroids, _, _, asked, _ = _places(episode, move)
    logits = SHARP * asked @ centroids.T
    top = logits.max(axis=1, keepdims=True)
    total = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return float((total - logits[np.arange(len(asked)), episode.truth]).mean())


def gradient(episode: Episode, move: Float) -> Float:
    """[dim, dim]: of `loss` by the matrix."""
    centroids, lengths, shown, asked, norms = _places(episode, move)
    logits = SHARP * asked @ centroids.T
    error = np.exp(logits - logits.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(asked)), episode.truth] -= 1
    error *= SHARP / len(asked)
    by_centroid = _turned(centroids, error.T @ asked) / lengths
    by_place = np.concatenate((episode.share.T @ by_centroid, error @ centroids))
    return np.asarray(episode.rows.T @ (_turned(np.concatenate((shown, asked)), by_place) / norms))


def _places(episode: Episode, move: Float) -> tuple[Float, Float, Float, Float, Float]:
    """Centroids and their lengths before they were made units; moved examples, asked texts, their lengths before."""
    moved = episode.rows + episode.rows @ move
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    shown, asked = np.split(moved / norms, [episode.share.shape[1]])
    middle = episode.share @ shown
    lengths = np.linalg.norm(middle, axis=1, keepdims=True)
    return middle / lengths, lengths, shown, asked, norms


def _turned(units: Float, slope: Float) -> Float:
    """A slope by unit vectors, as one by what they were before they were made units (but for their length)."""
    return np.asarray(slope - units * (units * slope).sum(axis=1, keepdims=True))


def main() -> None:
    """Train on all themes, and write the matrix into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    known = banking(data).beside(assistant(data))
    np.savez_compressed(
        NUMBERS, allow_pickle=False, move=learn(known).astype(np.float16), encoder=np.array(shared_encoder().id)
    )
    print(
        f"{NUMBERS.name}: {len(known.names)} themes, {len(known.theme)} texts, {NUMBERS.stat().st_size / 1024:.0f} KiB"
    )


if __name__ == "__main__":
    main()
