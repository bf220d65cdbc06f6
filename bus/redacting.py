"""Secrets in text that is about to be kept: in a log line, in the error of a dead letter."""

import re

REDACTED = "[redacted]"

_SECRET_TEXT = re.compile(
    r"""nw[a-z]*_[A-Za-z0-9]+_[A-Za-z0-9_-]{43}      # our own tokens
      | (?<=[Bb]earer[ ])\S+ | (?<=[Bb]asic[ ])[A-Za-z0-9+/=]{8,}
      | xox[abeprs]-[A-Za-z0-9-]+ | gh[pousr]_[A-Za-z0-9]{20,} | sk-[A-Za-z0-9_-]{20,}
      | (?<=ticket=)[^&\s]+ | (?<=token=)[^&\s]+
      | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)         # user:password@host""",
    re.VERBOSE,
)
_SHORTEST = 8
"""Letters: a shorter value would be found in harmless text too."""
_known: set[str] = set()


def learn(secret: str) -> None:
    """Leave out this very text from now on, whatever it looks like; it was read from where a setting points."""
    if len(secret) >= _SHORTEST:
        _known.add(secret)


def redact_text(text: str) -> str:
    """`text` with everything in it replaced that looks like a secret or is known to be one."""
    for secret in _known:
        text = text.replace(secret, REDACTED)
    return _SECRET_TEXT.sub(REDACTED, text)
