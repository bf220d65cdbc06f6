"""Signals stop the service in order once, and at once when they insist; a closed terminal does not insist."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from needlework.signals import on_signals

pytestmark = pytest.mark.anyio
KINDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in KINDS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def _until(happened: asyncio.Event) -> None:
    async with asyncio.timeout(30):
        await happened.wait()


@pytest.mark.parametrize("first", KINDS)
async def test_the_first_stops_in_order_and_the_second_at_once(first: signal.Signals) -> None:
    stopping, at_once = asyncio.Event(), asyncio.Event()
    on_signals(stopping, at_once.set)
    os.kill(os.getpid(), first)
    await _until(stopping)
    assert not at_once.is_set()
    os.kill(os.getpid(), signal.SIGTERM)
    await _until(at_once)


async def test_a_terminal_that_closes_says_so_twice_and_is_no_second_signal() -> None:
    """The shell tells its jobs, and the kernel tells them again."""
    stopping, told = asyncio.Event(), list[str]()
    on_signals(stopping, lambda: told.append("at once"))
    os.kill(os.getpid(), signal.SIGHUP)
    await _until(stopping)
    os.kill(os.getpid(), signal.SIGHUP)
    await _turns()
    assert told == []


async def test_nohup_is_obeyed() -> None:
    """The supervisor of `nohup needlework supervise &` stopped when its terminal closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stopping = asyncio.Event()
    on_signals(stopping)
    os.kill(os.getpid(), signal.SIGHUP)
    await _turns()
    assert not stopping.is_set()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


async def _turns() -> None:
    """A signal of another kind has come through after it."""
    heard = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.set)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        await _until(heard)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
