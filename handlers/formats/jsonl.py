"""JSON lines (or one JSON document) to items: objects of one kind each, or rows of one turn each."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
from needlework.handlers.formats import payload
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.turns import Dialogue, is_turn

LONGEST_LINE: Final = 16 * 1024 * 1024
LARGEST_DOCUMENT: Final = 64 * 1024 * 1024
BOM: Final = b"\xef\xbb\xbf"
_ESCAPE: Final = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
"""An escape in a text; the half of a pair that stands alone is a group, and no character."""


class Value(NamedTuple):
    """One JSON value and where it stood: its line, or its place in a list."""

    value: Any
    number: int
    element: bool = False

    def problem(self, source: str, reason: str) -> Problem:
        """Name what is wrong with it."""
        if self.element:
            return Problem(source, None, f"element {self.number}: {reason}")
        return Problem(source, self.number, reason)


def items(
    file: BinaryIO, *, received: datetime, source: str = "jsonl", document: bool = False
) -> Iterator[Item | Problem]:
    """Read a file of JSON; `document` tries the whole file as one list or object first."""
    rows = elements(file, source) if document else _lines(file, source)
    dialogue: Dialogue | None = None
    for row in rows:
        if isinstance(row, Problem):
            yield row
            continue
        value = row.value
        turn = isinstance(value, dict) and is_turn(value)
        if dialogue and (not turn or dialogue.name != _name(value) or dialogue.full(value)):
            yield from _ended(dialogue)
            dialogue = None
        try:
            if not isinstance(value, dict):
                raise ValueError("not an object")
            if turn:
                dialogue = dialogue or Dialogue(_name(value), received=received)
                dialogue.add(value, row.number)
            else:
                yield payload.item(value, received=received)
        except (ValueError, OverflowError) as error:
            yield row.problem(source, str(error))
        except RecursionError:
            yield row.problem(source, "nested too deep")
    if dialogue:
        yield from _ended(dialogue)


def _name(row: payload.Row) -> str:
    """The conversation a turn belongs to."""
    return payload.line(row["conversation_id"], "conversation_id") or "conversation"


def _ended(dialogue: Dialogue) -> Iterator[Item]:
    """The conversation, if any of its rows could be read."""
    if dialogue.messages:
        yield dialogue.item()


def _lines(file: BinaryIO, source: str) -> Iterator[Value | Problem]:
    """One JSON value a line; a line that holds a list gives its elements."""
    for number, line in _bounded(file):
        if line is None:
            yield Problem(source, number, f"line longer than {LONGEST_LINE // 1024 // 1024} MiB")
            continue
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.strip():
            continue
        value = _decoded(line, source, number)
        if isinstance(value, list):
            yield from (Value(each, number) for each in value)
        else:
            yield value if isinstance(value, Problem) else Value(value, number)


def _bounded(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; None for one that is too long, which is passed over without being held."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)
        yield number, None


def elements(file: BinaryIO, source: str) -> Iterator[Value | Problem]:
    """The elements of one list, or one object; a file that is neither may still be JSON lines."""
    data = file.read(LARGEST_DOCUMENT + 1)
    file.seek(0)
    if len(data) > LARGEST_DOCUMENT:  # nothing this long is one document: lines stream
        yield from _lines(file, source)
        return
    data = _paired(data.removeprefix(BOM).strip())
    try:
        # Elements stay raw until their turn, so that a large list is not held twice.
        elements = msgspec.json.decode(data, type=list[msgspec.Raw]) if data[:1] == b"[" else [data]
        if data[:1] != b"[":
            msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        first, _, rest = data.partition(b"\n")
        if rest.strip() and not isinstance(_decoded(first, source, 1), Problem):
            del data, rest
            yield from _lines(file, source)
        else:
            yield Problem(source, None, f"not JSON: {_reason(error)}")
        return
    del data
    for number, each in enumerate(elements, 1):
        value = _decoded(bytes(each), source, None)
        yield value if isinstance(value, Problem) else Value(value, number, element=True)


def _paired(data: bytes) -> bytes:
    """JSON whose texts were cut amid a character (a program counted UTF-16) with that half replaced, as elsewhere."""
    if re.search(rb"\\u[dD][89a-fA-F]", data) is None:
        return data
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], data)


def _decoded(data: bytes, source: str, line: int | None) -> Any:
    """A JSON value, or the problem with it."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Problem(source, line, f"not JSON: {_reason(error)}")


def _reason(error: Exception) -> str:
    """What is wrong, without the data itself."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    return "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:200]
