"""What the C library's allocator keeps for itself: little, though many threads compute.

glibc gives each thread a heap of its own and returns what was freed in one only from its end. The encoder and the
models take megabytes for a moment in whichever thread is free, so that each of a dozen heaps kept the most it ever had.
"""

import ctypes

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
