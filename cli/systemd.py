"""What systemd says to a service and hears from it: sockets that listen already, readiness, signs of life."""

import asyncio
import contextlib
import os
import socket

FIRST = 3
"""The first descriptor that socket activation hands over."""


def tell(state: str) -> None:
    """Say something to systemd (`READY=1`, `STOPPING=1`); nothing where it did not start this process."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    where = f"\0{address[1:]}" if address.startswith("@") else address
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    with channel, contextlib.suppress(OSError):  # where nobody hears it, that is no reason to end in disorder
        channel.connect(where)
        channel.sendall(state.encode())


def sockets() -> list[socket.socket]:
    """The sockets of socket activation, taken once; children do not inherit them."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return []
    found = [socket.socket(fileno=FIRST + place) for place in range(int(os.environ.pop("LISTEN_FDS", "0")))]
    for each in found:
        each.set_inheritable(False)
    return found


async def keep_alive() -> None:
    """Give a sign of life twice in the time that systemd allows (`WatchdogSec=`): a blocked event loop gives none."""
    allowed = int(os.environ.get("WATCHDOG_USEC", "0"))
    if not allowed or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        tell("WATCHDOG=1")
        await asyncio.sleep(allowed / 2_000_000)
