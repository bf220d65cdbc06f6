"""Identifiers: `prefix_ULID` outside, integers inside.

A ULID is 48 bits of milliseconds and 80 bits more, in Crockford's base 32 (26 characters,
github.com/ulid/spec). A message's id carries its sequence number in those 80 bits, so that no
index from id to row is needed: 64 bits sequence, 16 bits check.
"""

import random
import zlib
from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def encode_ulid(value: int) -> str:
    """128 bits as 26 characters of Crockford's base 32."""
    pairs = _PAIRS
    return f"{_upper(value >> 30)}{pairs[value >> 20 & 1023]}{pairs[value >> 10 & 1023]}{pairs[value & 1023]}"


@lru_cache(maxsize=64)
def _upper(value: int) -> str:
    """The upper 100 bits as 20 characters: messages of one commit share the millisecond and most of the number."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(90, -1, -10)])


def decode_ulid(text: str) -> int:
    """26 characters back to 128 bits. Raises ValueError for anything else."""
    if len(text) != 26 or text[0] > "7":
        raise ValueError("not a ULID")
    value = 0
    for letter in text:
        try:
            value = value << 5 | _VALUES[letter]
        except KeyError:
            raise ValueError("not a ULID") from None
    return value


def new_id(prefix: str, now: int, source: random.Random) -> str:
    """A fresh `prefix_ULID` for a wall time `now` in microseconds."""
    return f"{prefix}_{encode_ulid((now // 1000 & (1 << 48) - 1) << 80 | source.getrandbits(80))}"


def _check(millis: int, seq: int) -> int:
    return zlib.crc32(b"%d:%d" % (millis, seq)) & 0xFFFF


def message_id(seq: int, created: int) -> str:
    """The outside id of message `seq`, created at `created` microseconds."""
    millis = created // 1000 & (1 << 48) - 1
    return "msg_" + encode_ulid(millis << 80 | seq << 16 | _check(millis, seq))


def message_seq(text: str) -> int:
    """The sequence number inside a message id. Raises ValueError where the id was not made by `message_id`."""
    if not text.startswith("msg_"):
        raise ValueError("a message id starts with msg_")
    value = decode_ulid(text[4:])
    millis, seq = value >> 80, value >> 16 & (1 << 64) - 1
    if value & 0xFFFF != _check(millis, seq) or seq >= 1 << 63:
        raise ValueError("not a message id")
    return seq
