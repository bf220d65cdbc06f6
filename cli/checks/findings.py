"""What a check found, how bad it is, and what to do about it."""

from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's table."""

    check: str
    state: State
    found: str
    advice: str | None = None
