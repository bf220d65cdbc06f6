"""Wrong fields, named: the path of each, what is wrong with it, and the nearest right name."""

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

import msgspec
from needlework.bus.errors import FieldError
from needlework.bus.topicfile import closest

MOST = 20
"""Mistakes of one kind that an answer names; of the others it says how many there are."""
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_NO_CHOICE = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


def wrong_field(error: msgspec.ValidationError, known: Iterable[str] = (), prefix: str = "") -> FieldError:
    """What msgspec found, as a field error. `prefix` stands before the path, e.g. `key`."""
    text, _, where = str(error).partition(" - at `")
    path = where.rstrip("`").removeprefix("key in ").removeprefix("$").removeprefix(".")
    missing, unknown = _MISSING.match(text), _UNKNOWN.match(text)
    if missing:
        return FieldError(join(prefix, path, missing[1]), "is required")
    if unknown:
        return unknown_field(unknown[1], () if path else known, join(prefix, path))
    return FieldError(join(prefix, path) or "body", text.replace("`", "").strip())


def with_choices(error: FieldError, kind: Any) -> FieldError:
    """A wrong word among a field's few, with the nearest right one and all of them as a hint."""
    found = _NO_CHOICE.fullmatch(error.message)
    choices = _words(kind) if found is not None else ()
    if found is None or not choices:
        return error
    close = closest(found[1], choices, 0.5)
    hint = (f"did you mean {close!r}? " if close else "") + f"it is one of {', '.join(choices)}"
    return FieldError(error.field, error.message, hint)


def _words(kind: Any) -> tuple[str, ...]:
    """The words of which a type takes one, whatever else it takes."""
    if get_origin(kind) is Literal:
        return tuple(word for word in get_args(kind) if isinstance(word, str))
    return tuple(word for part in get_args(kind) for word in _words(part))


def unknown_field(name: str, known: Iterable[str], prefix: str = "") -> FieldError:
    """An unknown field or parameter; a misspelt limit must never widen what a call does."""
    names = tuple(known)
    close = closest(name, names, 0.5)
    hint = f"did you mean {close!r}?" if close else None
    if hint is None and names:
        hint = f"known are {', '.join(sorted(names)[:20])}"
    return FieldError(join(prefix, name[:100]), "is unknown", hint)


def unknown_fields(names: Iterable[str], known: Iterable[str], prefix: str = "") -> list[FieldError]:
    """Those of `names` that are not `known`, each with the nearest right one; of many the first, and how many more."""
    right = dict.fromkeys(known)
    unknown = [name for name in names if name not in right]
    errors = [unknown_field(name, right, prefix) for name in unknown[:MOST]]
    if len(unknown) > MOST:
        errors.append(FieldError(prefix or "body", f"holds {len(unknown) - MOST} more unknown fields"))
    return errors


def join(*parts: str) -> str:
    """A path of its parts: `key`, `a[0].b` gives `key.a[0].b`."""
    path = ""
    for part in parts:
        path += f".{part}" if path and part and not part.startswith("[") else part
    return path
