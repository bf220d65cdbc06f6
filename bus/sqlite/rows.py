"""Statements for many rows at once.

sqlite3 gives up and takes back the interpreter lock for every row of `executemany`; one statement with many
rows does so once, which was 1.4 times as fast for publishes. Few sizes, so that few statements are prepared.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

T = TypeVar("T")
_SIZES = (64, 16, 4, 1)


def rows_of(head: str, width: int, tail: str = "") -> dict[int, str]:
    """`head` followed by VALUES for so many rows of `width` columns, by the number of rows."""
    row = f"({','.join('?' * width)})"
    return {count: head + ",".join([row] * count) + tail for count in _SIZES}


def write_rows(execute: Callable[..., Any], statements: dict[int, str], rows: Sequence[Any]) -> None:
    """Write all rows with the statements of `rows_of`."""
    if len(rows) == 1:  # of a publish that is alone
        execute(statements[1], rows[0])
        return
    start, left = 0, len(rows)
    for size in _SIZES:
        while left >= size:
            execute(statements[size], list(chain.from_iterable(rows[start : start + size])))
            start, left = start + size, left - size


def pieces(values: Sequence[T]) -> Iterator[tuple[str, list[T]]]:
    """For `IN (…)`: question marks and as many values, the last of them repeated up to one of the sizes."""
    for start in range(0, len(values), _SIZES[0]):
        piece = list(values[start : start + _SIZES[0]])
        size = next(each for each in reversed(_SIZES) if each >= len(piece))
        yield ",".join("?" * size), piece + piece[-1:] * (size - len(piece))
