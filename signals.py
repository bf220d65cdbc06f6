"""The signals that end the service: the first in order, the second at once."""

import asyncio
import os
import signal
from collections.abc import Callable


def _leave() -> None:
    os._exit(130)


def on_signals(stopping: asyncio.Event, at_once: Callable[[], None] = _leave) -> None:
    """Set `stopping` at the first SIGTERM, SIGINT or SIGHUP; a second one calls `at_once`.

    A terminal that closes may say so twice: SIGHUP is never the second. Where whoever started us has it ignored
    (`nohup`), it stays so.
    """

    def stop(number: int) -> None:
        if not stopping.is_set():
            stopping.set()
        elif number != signal.SIGHUP:
            at_once()

    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
