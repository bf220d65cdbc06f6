"""TF-IDF of words 1-2 and letters 3-5, hashed into a fixed table: no vocabulary to store, no scipy.

A row is two halves, each of unit norm: words, and letters within words. Letter n-grams of a whole batch are
hashed together by array arithmetic; words by CRC-32.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Int = NDArray[np.int64]

HALF_BITS = 16
HALF = 1 << HALF_BITS
BUCKETS = 2 * HALF
"""Words fill the lower half, letters the upper one."""
MAX_TEXT = 4_000

_WORD = re.compile(r"\w+|[?!]")


@dataclass(frozen=True)
class Sparse:
    """A matrix [rows, BUCKETS] by its entries, sorted by row and column.

    `row` and `column` int64, `value` float32.
    """

    rows: int
    row: Int
    column: Int
    value: Float

    def dot(self, weights: NDArray[np.floating]) -> Double:
        """[rows, k] = self @ weights[BUCKETS, k]."""
        out = np.empty((self.rows, weights.shape[1]))
        for k in range(weights.shape[1]):
            products = self.value * weights[self.column, k]
            out[:, k] = np.bincount(self.row, weights=products, minlength=self.rows)
        return out

    def transposed_dot(self, errors: Double) -> Double:
        """[BUCKETS, k] = self.T @ errors[rows, k]."""
        out = np.empty((BUCKETS, errors.shape[1]))
        for k in range(errors.shape[1]):
            products = self.value * errors[self.row, k]
            out[:, k] = np.bincount(self.column, weights=products, minlength=BUCKETS)
        return out


def counts(texts: Sequence[str]) -> Sparse:
    """How often each bucket occurs in each text."""
    word_rows, word_columns = _words(texts)
    letter_rows, letter_columns = _letters(texts)
    keys = np.concatenate((word_rows, letter_rows)) * BUCKETS + np.concatenate((word_columns, letter_columns))
    unique, times = np.unique(keys, return_counts=True)
    return Sparse(len(texts), unique // BUCKETS, unique % BUCKETS, times.astype(np.float32))


def inverse_frequency(table: Sparse) -> Float:
    """[BUCKETS]: ln((1 + n) / (1 + df)) + 1, the smoothed form of scikit-learn."""
    frequency = np.bincount(table.column, minlength=BUCKETS)
    return (np.log((1 + table.rows) / (1 + frequency)) + 1).astype(np.float32)


def weighted(table: Sparse, idf: Float) -> Sparse:
    """(1 + ln tf) * idf, each half of a row scaled to unit norm."""
    value = (1 + np.log(table.value)) * idf[table.column]
    part = table.row * 2 + (table.column >= HALF)
    norms = np.sqrt(np.bincount(part, weights=value * value, minlength=2 * table.rows))
    return Sparse(table.rows, table.row, table.column, (value / norms[part]).astype(np.float32))


def _words(texts: Sequence[str]) -> tuple[Int, Int]:
    rows: list[int] = []
    columns: list[int] = []
    for row, text in enumerate(texts):
        words = [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text[:MAX_TEXT].lower())]
        hashed = [zlib.crc32(word) for word in words]
        hashed += [zlib.crc32(b" " + after, before) for before, after in zip(hashed, words[1:], strict=False)]
        columns += hashed
        rows += [row] * len(hashed)
    mixed = np.array(columns, dtype=np.uint32)
    return np.array(rows, dtype=np.int64), (mixed >> np.uint32(32 - HALF_BITS)).astype(np.int64)


def _letters(texts: Sequence[str]) -> tuple[Int, Int]:
    """n-grams of 3 to 5 characters of " word ": a blank may only be first or last."""
    padded = [f" {' '.join(text[:MAX_TEXT].lower().split())} \n" for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), [len(text) for text in padded])
    blanks = np.concatenate(([0], np.cumsum(codes == 32)))
    breaks = np.concatenate(([0], np.cumsum(codes == 10)))
    rows, columns = [], []
    hashed = codes.astype(np.uint32)
    for n in range(2, 6):
        hashed = hashed[:-1] * np.uint32(0x01000193) + codes[n - 1 :] if len(hashed) > 1 else hashed[:0]
        if n < 3 or not len(hashed):
            continue
        at = np.arange(len(hashed))
        inner = blanks[at + n - 1] - blanks[at + 1]
        kept = at[(inner == 0) & (breaks[at + n] == breaks[at])]
        rows.append(owner[kept])
        columns.append(HALF + (_mix(hashed[kept] + np.uint32(n)) >> np.uint32(32 - HALF_BITS)).astype(np.int64))
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *rows]), np.concatenate([empty, *columns])


def _mix(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finaliser of MurmurHash3 (Appleby, public domain): every bit of the input reaches every bit of
    the output."""
    value = value ^ (value >> np.uint32(16))
    value = value * np.uint32(0x85EBCA6B)
    value = value ^ (value >> np.uint32(13))
    value = value * np.uint32(0xC2B2AE35)
    return value ^ (value >> np.uint32(16))
