"""Services outside that the installation was told of: where they are, and how to show who we are."""

from collections.abc import Callable

import msgspec


class Peer(msgspec.Struct, frozen=True):
    """One service's address and the way to its secret, which is read when it is needed and kept nowhere."""

    address: str
    secret: Callable[[], str]
    """Raises ConfigError, which names the reference, where there is none."""
