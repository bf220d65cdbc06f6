"""Never forked: a child that a fork left with our connections and locks must not use them.

It would share file descriptors, SQLite's state and the kernel lock with its parent, and each believes to be alone.
"""

import os

from needlework.bus.errors import ForkedError

_generation = 0


def _count() -> None:
    global _generation
    _generation += 1


os.register_at_fork(after_in_child=_count)


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
