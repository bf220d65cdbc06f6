"""Never forked: a child that a fork left with our connections and locks must not use them.

It would share file descriptors, SQLite's state and the kernel lock with its parent, and each believes to be alone.
"""

import os
import weakref
from typing import Protocol

from needlework.bus.errors import ForkedError

_generation = 0


class Holder(Protocol):
    """Holds kernel locks by descriptors."""

    def let_go(self) -> None:
        """Close them without unlocking."""


_holders: "weakref.WeakSet[Holder]" = weakref.WeakSet()


def leave_to_parent(holder: Holder) -> None:
    """Have `holder` let go in every forked child, which would keep its locks beyond the death of the parent."""
    _holders.add(holder)


def _in_child() -> None:
    global _generation
    _generation += 1
    for holder in _holders:
        holder.let_go()


os.register_at_fork(after_in_child=_in_child)


class ForkGuard:
    """Knows in which process it was made."""

    def __init__(self) -> None:
        self._made = _generation

    def check(self) -> None:
        """Raises ForkedError in any process but the one it was made in."""
        if _generation != self._made:
            raise ForkedError(
                f"process {os.getpid()} was forked from one that runs a bus, and must not use it: start processes with"
                ' subprocess or multiprocessing\'s "spawn"'
            )
