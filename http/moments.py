"""Times as callers write them: RFC 3339, or Unix seconds as the reference has them."""

import re
from datetime import datetime

from needlework.bus.clock import SECOND, micros, rfc3339
from needlework.bus.errors import FieldError

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_MILLISECONDS = 1e11
"""Beyond this, Unix seconds lie in the year 5138: somebody sent milliseconds."""


class WrongTime(ValueError):
    """Not a time; `error` names the field."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.message)
        self.error = error


def parse_moment(value: int | float | str, field: str) -> int:
    """Microseconds UTC. Raises WrongTime."""
    if isinstance(value, str):
        return _parse_text(value, field)
    if not -_MILLISECONDS <= value <= _MILLISECONDS:
        raise WrongTime(FieldError(field, "is not a time in Unix seconds", "it looks like milliseconds"))
    return round(value * SECOND)


def _parse_text(text: str, field: str) -> int:
    if not _RFC3339.fullmatch(text) or not text.isascii():
        hint = "write RFC 3339 with a time zone, e.g. 2024-01-01T00:00:00Z, or Unix seconds"
        raise WrongTime(FieldError(field, "is not a time", hint))
    try:
        return micros(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError) as error:
        raise WrongTime(FieldError(field, f"is not a time: {error}")) from None


class Shown:
    """RFC 3339 of times that come in order: the text of a second is made once, and that of a list's one time."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""
        self._at, self._whole = -1, ""

    def __call__(self, at: int) -> str:
        """As `rfc3339`."""
        if at != self._at:
            second, rest = divmod(at, SECOND)
            if second != self._second:
                self._second, self._text = second, rfc3339(second * SECOND)[:-1]
            self._at, self._whole = at, f"{self._text}.{rest:06d}Z" if rest else f"{self._text}Z"
        return self._whole
