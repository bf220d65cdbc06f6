"""Labels that a workspace teaches: its own ones, and its corrections of ours.

Few examples (0 to 2) are compared by their centroid with the label's prompt among them; three or more train
a small logistic regression against counter-examples and the sentences that ship with the package. For a
built-in label each correction moves the score of sentences like it, by as much as the model was wrong about it.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from needlework.handlers.labels.definitions import DEFAULT_THRESHOLD, DEFAULTS_BY_KEY, LabelDefinition
from needlework.handlers.labels.scoring import label_models
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double, Float
from needlework.handlers.text.logistic import Logistic, fit, sigmoid
from numpy.typing import NDArray

EXAMPLES = Path(__file__).parent / "models" / "examples.tsv"
ENOUGH = 3
CLOSE = 0.8
"""Cosine from which a sentence counts as a confirmed or rejected one said again."""
CENTROID_CUT = 0.5
CENTROID_SLOPE = 14.0
"""score = sigmoid(14 (cos - 0.5) + logit 0.6): 0.6 at a cosine of 0.5, 0.86 at 0.6."""
ALIKE = 0.2
"""Cosine from which a sentence is moved by a correction at all."""
TRUST = 3.0
"""How far corrections may move a score: the variance of what they add to its logit."""
STEPS = 60
BACKGROUND = 0.3
REJECTED = 4.0
LOUDEST, HEARD = 2.0, 10
"""Weights in the training of an own label: of the sentences of the package, of a counter-example, and the most of an
example; with so many examples each counts once."""
CONFIRMED = 0.95


@dataclass(frozen=True)
class TaughtLabel:
    """`positives` and `negatives` [n, dim], `centroid` [dim], and a model where there are enough examples.

    `shifts` [positives + negatives]: how much each of them adds to the logit of what is the same sentence.
    """

    positives: Float
    negatives: Float
    centroid: Float
    model: Logistic | None
    threshold: float
    shifts: Double

    def scores(self, vectors: Float) -> Double:
        """[n]: how likely each sentence carries a label that is the workspace's own."""
        if self.model is not None:
            found = self.model.probabilities(Features(vectors))[:, 1]
        else:
            found = sigmoid(CENTROID_SLOPE * (vectors @ self.centroid - CENTROID_CUT).astype(float) + np.log(1.5))
        return self.adjusted(np.where(np.any(vectors, axis=1), found, 0.0), vectors)

    def corrected(self, scores: Double, vectors: Float) -> Double:
        """`scores` of a built-in label, moved by the corrections of sentences that are alike."""
        known = np.concatenate((self.positives, self.negatives))
        if not len(known):
            return scores
        moved = sigmoid(_logit(scores) + _likeness(vectors, known) @ self.shifts)
        return self.adjusted(np.where(scores > 0, moved, 0.0), vectors)

    def adjusted(self, scores: Double, vectors: Float) -> Double:
        """`scores`, but certain for sentences that are (nearly) examples, and 0 for counter-examples."""
        yes, no = _nearest(vectors, self.positives), _nearest(vectors, self.negatives)
        raised = np.where((yes >= CLOSE) & (yes >= no), np.maximum(scores, CONFIRMED * yes), scores)
        return np.where(self.silenced(vectors), 0.0, raised)

    def silenced(self, vectors: Float) -> NDArray[np.bool_]:
        """[n]: which sentences are (nearly) counter-examples."""
        yes, no = _nearest(vectors, self.positives), _nearest(vectors, self.negatives)
        return np.asarray((no >= CLOSE) & (no > yes))


def taught_label(definition: LabelDefinition, encoder: Encoder) -> TaughtLabel | None:
    """What the definition teaches beyond the built-in models; nothing for a default that nobody has
    corrected."""
    rules = definition.rules
    if definition.key in DEFAULTS_BY_KEY and not rules.examples and not rules.counter_examples:
        return None
    name = f"{definition.key.replace('_', ' ')}. {definition.prompt}"
    built_in = definition.key if definition.key in DEFAULTS_BY_KEY else None
    return _built(name, rules.examples, rules.counter_examples, definition.threshold, encoder, built_in)


@lru_cache(maxsize=256)
def _built(
    name: str,
    examples: tuple[str, ...],
    counter: tuple[str, ...],
    threshold: float,
    encoder: Encoder,
    built_in: str | None,
) -> TaughtLabel:
    positives, negatives, title = encoder.encode(examples), encoder.encode(counter), encoder.encode([name])
    mean = np.concatenate((positives, title)).mean(axis=0)
    centroid = mean / max(float(np.linalg.norm(mean)), 1e-9)
    if built_in is not None:
        shifts = _shifts(built_in, (*examples, *counter), np.repeat([1.0, 0.0], [len(examples), len(counter)]), encoder)
        return TaughtLabel(positives, negatives, centroid, None, threshold, shifts)
    model = _trained(positives, negatives, title, encoder) if len(examples) >= ENOUGH else None
    return TaughtLabel(positives, negatives, centroid, model, threshold, np.zeros(0))


def _shifts(key: str, texts: tuple[str, ...], truth: Double, encoder: Encoder) -> Double:
    """What corrections add, so that the built-in model with them is as right about them as `TRUST` allows.

    A Gaussian process classifier on top of the model: its mode by gradient steps, deterministic.
    """
    if not texts:
        return np.zeros(0)
    wide = encoder.wide(texts)
    vectors, said = wide[:, : encoder.dim], label_models().alone(key, texts, wide)
    logits = _logit(said) - _logit(np.array([DEFAULT_THRESHOLD]))
    likeness = _likeness(vectors, vectors)
    found = np.zeros(len(texts))
    for _ in range(STEPS):
        error = truth - sigmoid(logits + likeness @ found) - found / TRUST
        found += 0.5 * TRUST * error / (1 + TRUST)
    return found


def _likeness(vectors: Float, others: Float) -> Double:
    """[n, m]: 1 for the same sentence, 0 from a cosine of `ALIKE` downwards."""
    return np.maximum(0.0, (np.asarray(vectors @ others.T, dtype=float) - ALIKE) / (1 - ALIKE))


def _logit(scores: Double) -> Double:
    kept = np.clip(scores, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept / (1 - kept)))


def _trained(positives: Float, negatives: Float, title: Float, encoder: Encoder) -> Logistic:
    """Sentences of the package that lie near an example are no background."""
    others = _background(encoder)
    others = others[_nearest(others, positives) < 0.55]
    rows = np.concatenate((positives, title, negatives, others))
    truth = np.repeat([1, 1, 0, 0], [len(positives), 1, len(negatives), len(others)])
    loud = min(LOUDEST, max(1.0, HEARD / len(positives)))
    weights = np.repeat([loud, 1.0, REJECTED, BACKGROUND], [len(positives), 1, len(negatives), len(others)])
    model = fit(Features(rows), truth, ("no", "yes"), c=8, weights=weights, iterations=100)
    return model.shifted(float(np.log(1.5)))


@lru_cache(maxsize=4)
def _background(encoder: Encoder) -> Float:
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    return encoder.encode([line.split("\t")[1] for line in lines if line and not line.startswith("#")])


def _nearest(vectors: Float, examples: Float) -> Float:
    """[n]: the largest cosine with an example, -1 where there is none."""
    if not len(examples):
        return np.full(len(vectors), -1.0, dtype=np.float32)
    return np.asarray((vectors @ examples.T).max(axis=1))
