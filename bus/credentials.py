"""Secrets that callers present: made from 256 random bits, kept as SHA-256, compared in constant time."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from needlework.bus.permissions import ALL, Permission

Source = Callable[[int], bytes]
"""Random bytes, as `os.urandom` gives them."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DUMMY = hashlib.sha256(b"nobody").digest()


def pattern(prefix: str) -> re.Pattern[str]:
    """What a credential with `prefix` looks like: `prefix_<12 letters>_<43 characters>`."""
    return re.compile(rf"{prefix}_([a-z2-7]{{12}})_([A-Za-z0-9_-]{{43}})")


def make(prefix: str, source: Source) -> tuple[str, str, bytes]:
    """A new credential: its whole text (shown once), its id, and the hash to keep."""
    ident = "".join(_ALPHABET[byte & 31] for byte in source(12))
    secret = base64.urlsafe_b64encode(source(32)).rstrip(b"=").decode()
    text = f"{prefix}_{ident}_{secret}"
    return text, ident, digest(text)


def digest(text: str) -> bytes:
    """SHA-256 of a credential. No salt and no stretching: nobody guesses 256 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def same(text: str, kept: bytes | None) -> bool:
    """Whether `text` is the credential behind `kept`; takes as long when there is none."""
    equal = hmac.compare_digest(digest(text), _DUMMY if kept is None else kept)
    return equal and kept is not None


def pack(values: Iterable[str | int]) -> str:
    """A set of rights as the JSON that the tables hold."""
    return msgspec.json.encode(sorted(values, key=str)).decode()


def unpack(row: Any) -> tuple[frozenset[Permission], frozenset[int] | None]:
    """The permissions and workspaces of a row; a permission unknown to this version counts for nothing."""
    named = msgspec.json.decode(row["permissions"], type=list[str])
    workspaces = None
    if row["workspaces"] is not None:
        workspaces = frozenset(msgspec.json.decode(row["workspaces"], type=list[int]))
    return frozenset(permission for permission in ALL if permission in named), workspaces
