"""How a call to another machine fails, told by what is known afterwards, and how long one asks us to wait."""

import re

_SECONDS = re.compile(r"[0-9]{1,12}")


class CallError(Exception):
    """A call that did not succeed. The text may be shown: of the answer it holds its status, and names at most."""


class Unsent(CallError):
    """No connection came about, or none is allowed (both read alike): nothing was asked."""


class Unknown(CallError):
    """It was asked, and nobody knows whether it was done."""


class Refused(CallError):
    """The service said no; nothing was done."""


class Limited(CallError):
    """The service asks for patience, `seconds` long; nothing was done."""

    def __init__(self, service: str, seconds: float) -> None:
        super().__init__(f"{service} asks to wait {seconds:g} s")
        self.seconds = seconds


def patience(stated: str | None, most: float, since: float = 0.0) -> float | None:
    """Seconds that a header asks for, counted from `since`: one at least, `most` at most. None where it says none."""
    number = (stated or "").strip()
    return min(max(1.0, float(number) - since), most) if _SECONDS.fullmatch(number) else None
