"""The columns that every classifier reads: sentence vector | cue flags | hashed TF-IDF."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from needlework.handlers.text.cues import cue_flags
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.hashing import BUCKETS, Float, Int, Sparse, counts, weighted
from numpy.typing import NDArray


@dataclass(frozen=True)
class Features:
    """n rows: `dense` [n, d] float32 and, where a model reads words, `sparse` [n, BUCKETS]."""

    dense: Float
    sparse: Sparse | None = None

    @property
    def rows(self) -> int:
        """Number of texts."""
        return len(self.dense)

    @property
    def width(self) -> int:
        """Number of columns, the sparse ones last."""
        return int(self.dense.shape[1]) + (BUCKETS if self.sparse is not None else 0)

    def dot(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """[n, k] = self @ weights[width, k]."""
        size = self.dense.shape[1]
        product = self.dense.astype(np.float64) @ weights[:size].astype(np.float64)
        return product if self.sparse is None else product + self.sparse.dot(weights[size:])

    def transposed_dot(self, errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """[width, k] = self.T @ errors[n, k]."""
        dense = self.dense.T.astype(np.float64) @ errors
        return dense if self.sparse is None else np.concatenate((dense, self.sparse.transposed_dot(errors)))

    def take(self, rows: Int) -> "Features":
        """The given rows, in the given order."""
        return Features(self.dense[rows], None if self.sparse is None else _take(self.sparse, rows))


def dense_features(vectors: Sequence[Float], texts: Sequence[str]) -> Float:
    """[n, sum of dims + cues]: the vectors of each text side by side, then its cue flags."""
    return np.concatenate((*vectors, cue_flags(texts)), axis=1)


def text_features(texts: Sequence[str], encoder: Encoder, idf: Float | None = None) -> Features:
    """Everything about each text, encoded here. Without `idf` no words are counted."""
    dense = dense_features([encoder.encode(texts)], texts)
    return Features(dense, None if idf is None else weighted(counts(texts), idf))


def _take(table: Sparse, rows: Int) -> Sparse:
    starts = np.searchsorted(table.row, np.arange(table.rows + 1))
    lengths = starts[rows + 1] - starts[rows]
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    entries = np.repeat(starts[rows], lengths) + offsets
    row = np.repeat(np.arange(len(rows), dtype=np.int64), lengths)
    return Sparse(len(rows), row, table.column[entries], table.value[entries])
