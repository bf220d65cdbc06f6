"""What list and ingest operations answer: a page with its cursor, and what became of each thing sent in."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.sql import Queries, Statement

Item = TypeVar("Item")
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]
"""How many items a page may have."""
Search = Annotated[str, msgspec.Meta(max_length=1000)]
"""What a person typed to search a list: `words.match_expression` makes it the one thing that every list looks for."""
_Number = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
"""A part of a cursor, as large as the database takes it."""


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list; `next_cursor` fetches the next one, null on the last."""

    items: list[Item]
    next_cursor: str | None = None


class Saved(msgspec.Struct, frozen=True):
    """What became of one thing sent in: its id, whether it is new, and for notes the version it has now."""

    id: str
    created: bool
    version: str | msgspec.UnsetType = msgspec.UNSET
    unchanged: bool | msgspec.UnsetType = msgspec.UNSET
    """True where it is stored as it was sent already; left out otherwise."""


def page_of(rows: Sequence[Any], limit: int, show: Callable[[Any], Any], *place: str) -> Page[Any]:
    """The first `limit` of `rows` (one more was asked for); the cursor holds the columns `place`."""
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else write_cursor(*(last[name] for name in place))
    return Page([show(row) for row in rows[:limit]], cursor)


def filtered(sql: Queries, name: str, filters: Mapping[str, object], values: Mapping[str, Any]) -> Statement:
    """Query `name` with the filters whose value is not None put in its place `/* filters */`.

    Only what is asked for stands in the query, so that each filter can use its index.
    """
    terms = "".join(f" AND {sql[key]}" for key, value in filters.items() if value is not None)
    return Statement(sql[name].replace("/* filters */", terms), values)


def write_cursor(*place: int | str) -> str:
    """A place in a list as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(cursor: str | None, *start: int | str) -> tuple[Any, ...]:
    """The place that `cursor` names, `start` for None. Raises Refuse 422 for a cursor that no page gave."""
    if cursor is None:
        return start
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(raw, type=list[_Number | str])
    except (ValueError, msgspec.DecodeError):
        place = []
    if [type(part) for part in place] != [type(part) for part in start]:
        problem = "is not a cursor of this list; take `next_cursor` of its last page"
        raise Refuse(422, "bad_cursor", f"cursor {problem}", errors=[FieldError("cursor", problem)])
    return tuple(place)
