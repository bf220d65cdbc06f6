"""Open files: a service takes as many as the system lets it have; each connection is one.

The soft limit that a shell or systemd sets is 1,024, for programs that can't take more. A thousand event streams would
leave none for the database.
"""

import resource

MOST = 65_536
"""Beyond this nothing is taken, even where nothing forbids it."""


def take_descriptors() -> int:
    """Raise the soft limit of open files to the hard one, at most to `MOST`; what it is then. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS says that there is no limit and has one of its own
        return soft
    return wanted
