"""CSV to items: a header with the names of the fields, then an account or a user a row."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, BinaryIO, Final

from needlework.bus.topicfile import nearest
from needlework.handlers.formats import charset, payload
from needlework.handlers.formats.items import Item, Kind, Problem

LARGEST: Final = 64 * 1024 * 1024
LONGEST_CELL: Final = 128 * 1024
"""Characters. csv has such a limit too, but goes on inside the cell that passes it, whose lines then pass for rows."""
FIELDS: Final[dict[Kind, frozenset[str]]] = {
    "account": frozenset(
        {"id", "external_id", "name", "domain", "domains", "mrr", "plan", "owner_id", "status", "churned_at"}
    ),
    "user": frozenset({"id", "external_id", "account_id", "name", "email", "emails", "status", "last_seen_at"}),
}
PAYLOADS: Final[dict[Kind, Callable[[payload.Row], dict[str, Any]]]] = {
    "account": payload.account,
    "user": payload.user,
}
NUMBERS: Final = frozenset({"mrr"})
NAMED: Final[dict[str, Kind]] = {"account": "account", "accounts": "account", "user": "user", "users": "user"}
SEPARATORS: Final = ",;\t"


def items(file: BinaryIO, name: str, *, source: str = "csv") -> Iterator[Item | Problem]:
    """Read a table called `name`, which says what its rows are where they don't. Problems are named by line."""
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        yield Problem(source, None, f"larger than {LARGEST // 1024 // 1024} MiB; split it")
        return
    rows = _rows(charset.document(data))
    line, header, wrong = next(rows, (1, [], "empty file"))
    columns = [each.strip().lower().replace(" ", "_") for each in header]
    kind = NAMED.get(name.strip().lower())
    if wrong := wrong or _wrong_header(columns, kind):
        yield Problem(source, line, wrong)
        return
    for line, cells, unreadable in rows:
        if unreadable:
            yield Problem(source, line, unreadable)
        elif any(cell.strip() for cell in cells):
            try:
                yield _item(columns, cells, kind, line)
            except (ValueError, OverflowError) as error:
                yield Problem(source, line, str(error))


def _rows(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Each row with the line it begins in, or with what is wrong with it."""
    first = text.lstrip("\n").partition("\n")[0]
    csv.field_size_limit(LARGEST)  # of the whole process, and of the moment
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [], f"not CSV: {error}"
        else:
            if any(len(cell) > LONGEST_CELL for cell in cells):
                yield line, [], f"a cell of more than {LONGEST_CELL:,} characters; is a quote missing?"
            elif cells:
                yield line, cells, ""


def _wrong_header(columns: list[str], kind: Kind | None) -> str:
    """What is wrong with the header, all of it."""
    if kind is None and "kind" not in columns:
        return "what are its rows? call the file accounts.csv or users.csv, or add a column kind: account or user"
    known = {"kind"} | (FIELDS[kind] if kind and "kind" not in columns else frozenset.union(*FIELDS.values()))
    wrong = [
        f"unknown column {each[:60]!r}{nearest(each, known)}" if each else "a column without a name"
        for each in columns
        if each not in known
    ]
    wrong += [f"column {each!r} stands there twice" for each in dict.fromkeys(columns) if columns.count(each) > 1]
    return "; ".join(wrong) + (f"; known: {', '.join(sorted(known))}" if wrong else "")


def _item(columns: list[str], cells: list[str], kind: Kind | None, line: int) -> Item:
    """One row; an empty cell says nothing. ValueError says what is wrong with it."""
    if len(cells) > len(columns):
        raise ValueError(f"{len(cells)} cells in a table of {len(columns)} columns; is a quote missing?")
    row: payload.Row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    said = row.pop("kind", None)
    kind = NAMED.get(said.lower()) if said is not None else kind
    if kind is None:
        raise ValueError(f"kind must be account or user, not {(said or '')[:60]!r}")
    if strange := sorted(row.keys() - FIELDS[kind]):
        raise ValueError(f"a row of kind {kind} has no {', '.join(strange)}")
    for name in NUMBERS & row.keys():
        try:
            row[name] = float(row[name])
        except ValueError:
            raise ValueError(f"{name} must be a number like 1200.50, not {row[name][:60]!r}") from None
    return Item(kind, PAYLOADS[kind](row), line)
