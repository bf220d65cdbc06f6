"""What a file yields: items ready for ingest, and problems that name what could not be read."""

from typing import Any, Literal

import msgspec

Kind = Literal["conversation", "note", "account", "user", "meeting", "calendar"]


class Item(msgspec.Struct, omit_defaults=True, frozen=True):
    """One payload for an ingest topic: `data` is the JSON body of POST /api/conversations, /api/notes, ..."""

    kind: Kind
    data: dict[str, Any]
    line: int | None = None
    """Where it stood, for whoever is told that it was refused."""
    place: str | None = None
    """The same where that is a file inside the one that was named."""


class Problem(msgspec.Struct, omit_defaults=True, frozen=True):
    """A record that could not be read: where, and why. It never stops the records after it."""

    source: str
    line: int | None
    reason: str
    skipped: bool = False
    """A file that nobody named, in a folder, of a kind that is none of ours: worth a note, not a failure."""
