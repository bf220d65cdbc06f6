"""L2-regularised logistic regression in numpy: two classes or many, dense and hashed columns together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double
from needlework.handlers.text.lbfgs import minimise
from numpy.typing import NDArray


@dataclass(frozen=True)
class Logistic:
    """p(class | row) = softmax(row @ weights + bias); with a single column, sigmoid of it for the second
    class.

    `weights` [width, k], `bias` [k], `classes` k names (two names where k is 1).
    """

    classes: tuple[str, ...]
    weights: NDArray[np.floating]
    bias: Double

    def logits(self, features: Features) -> Double:
        """[n, k]."""
        return features.dot(self.weights) + self.bias

    def probabilities(self, features: Features) -> Double:
        """[n, classes], rows sum to 1."""
        logits = self.logits(features)
        if logits.shape[1] == 1:
            positive = sigmoid(logits[:, 0])
            return np.stack((1 - positive, positive), axis=1)
        return softmax(logits)

    def shifted(self, offset: float) -> "Logistic":
        """The same two-class model with `offset` added to its logit (another share of positives)."""
        return Logistic(self.classes, self.weights, self.bias + offset)

    def save(self, path: Path, **extra: NDArray[np.generic]) -> None:
        """Weights as float16 (their rounding moves a probability by less than .002), without pickles."""
        names = np.array(self.classes)
        arrays = {"classes": names, "weights": self.weights.astype(np.float16), "bias": self.bias, **extra}
        np.savez_compressed(path, allow_pickle=False, **arrays)


def load(path: Path) -> tuple[Logistic, dict[str, NDArray[np.generic]]]:
    """A saved model and whatever else lies in its file."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    classes = tuple(str(name) for name in arrays.pop("classes"))
    return Logistic(classes, arrays.pop("weights").astype(np.float32), arrays.pop("bias")), arrays


def fit(
    features: Features,
    labels: Sequence[int] | NDArray[np.integer],
    classes: Sequence[str],
    c: float = 1.0,
    weights: NDArray[np.floating] | None = None,
    iterations: int = 300,
) -> Logistic:
    """Minimise |w|^2 / 2 + c * sum of weighted losses; the bias is free.

    `labels` index `classes`; deterministic.

    The scale of `c` is that of scikit-learn.
    """
    truth = np.asarray(labels, dtype=np.int64)
    scale = c * (np.ones(features.rows) if weights is None else np.asarray(weights, dtype=np.float64))
    k = 1 if len(classes) == 2 else len(classes)
    target = truth[:, None].astype(np.float64) if k == 1 else np.eye(k)[truth]
    size = features.width

    def objective(flat: Double) -> tuple[float, Double]:
        matrix = flat[: size * k].reshape(size, k)
        logits = features.dot(matrix) + flat[size * k :]
        loss, error = _binary(logits, target) if k == 1 else _multinomial(logits, target)
        error *= scale[:, None]
        gradient = features.transposed_dot(error) + matrix
        value = float(scale @ loss) + 0.5 * float(np.sum(matrix * matrix))
        return value, np.concatenate((gradient.ravel(), error.sum(axis=0)))

    found = minimise(objective, np.zeros((size + 1) * k), iterations, tolerance=1e-3)
    return Logistic(tuple(classes), found[: size * k].reshape(size, k), found[size * k :])


def sigmoid(logits: Double) -> Double:
    """1 / (1 + e^-x) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def softmax(logits: Double) -> Double:
    """Row-wise, without overflow."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _binary(logits: Double, target: Double) -> tuple[Double, Double]:
    loss = np.logaddexp(0, logits) - target * logits
    return loss[:, 0], sigmoid(logits) - target


def _multinomial(logits: Double, target: Double) -> tuple[Double, Double]:
    top = logits.max(axis=1, keepdims=True)
    total = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return total - np.sum(target * logits, axis=1), softmax(logits) - target
