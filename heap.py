"""Memory: what the C library's allocator keeps for itself, and how often garbage in cycles is looked for.

glibc gives each thread a heap of its own and returns what was freed in one only from its end. The encoder and the
models take megabytes for a moment in whichever thread is free, so that each of a dozen heaps kept the most it ever had.
"""

import ctypes
import gc

HEAPS = 2
"""As many threads as the encoder runs in at once."""
_M_ARENA_MAX = -8


def share_heaps() -> bool:
    """Let all threads share a few heaps, from now on; whether the C library can do that (musl and macOS need not)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, HEAPS))


def collect_rarely() -> None:
    """Look for garbage in cycles less often, from now on, and never at what is there already.

    A look at all objects of 10,000 open streams stops everybody for 0.2 s: there is one in 20,000,000 new objects. A
    look at the young ones takes at most 0.05 s, also while so many streams are opened.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 5, 200)
