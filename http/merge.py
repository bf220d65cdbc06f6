"""Several JSON objects that fill one record, merged as text: it is decoded once, straight from bytes."""

import msgspec
from needlework.bus.errors import FieldError
from needlework.http.bodies import BLANK, Decode
from needlework.http.fields import MOST
from needlework.http.problems import Problem

_members: Decode[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def members(text: bytes) -> dict[str, msgspec.Raw]:
    """The members of an object, undecoded. Raises msgspec errors for anything else."""
    return _members(text)


def merge(first: bytes, second: bytes) -> bytes:
    """One object with the members of both. Both must be objects; see `refuse_twice` for common names."""
    if not is_filled(second):
        return first
    if not is_filled(first):
        return second
    return first.rstrip(BLANK)[:-1] + b"," + second.lstrip(BLANK)[1:]


def is_filled(text: bytes) -> bool:
    """Whether an object has members. Half an object counts as filled: it must not pass as empty."""
    if text[1:2] not in (b"}", b"", b" ", b"\t", b"\r", b"\n"):
        return True
    bare = text.strip(BLANK)
    return len(bare) < 2 or bool(bare[1:-1].strip(BLANK)) or bare[-1:] != b"}"


def is_object(text: bytes) -> bool:
    """Whether JSON text is an object, by its first character."""
    return text[:1] == b"{" or text.lstrip(BLANK)[:1] == b"{"


def refuse_twice(first: bytes, second: bytes, where: tuple[str, str]) -> None:
    """Raises Problem 422 where both objects give one name: it would not be clear which one counts."""
    if not is_filled(first) or not is_filled(second):
        return
    twice = members(first).keys() & members(second).keys()
    if twice:
        errors = [
            FieldError(f"{where[1]}.{name}" if where[1] else name, f"is given in {where[0]} as well")
            for name in sorted(twice)[:MOST]
        ]
        raise Problem(422, "given_twice", "a field is given in two places", errors=errors)
