"""A worker: the runners without the API, on the data directory that others use too. `python -m needlework.worker`."""

import asyncio
import os

import uvloop
from needlework.cli import systemd
from needlework.compose import exit_code, make_directory, open_bus, stop_when_failed
from needlework.heap import share_heaps
from needlework.logs import announce
from needlework.settings import Settings
from needlework.signals import on_signals


def work(settings: Settings) -> int:
    """Run a share of the runners until SIGTERM or Ctrl-C; the exit code. Raises ConfigError, StorageDamaged."""
    make_directory(settings)
    share_heaps()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(settings))


async def _work(settings: Settings) -> int:
    stopping = asyncio.Event()
    on_signals(stopping)
    async with open_bus(settings) as bus:
        failures = stop_when_failed(bus, stopping)
        await bus.attach("worker")
        announce(f"needlework worker {os.getpid()} is ready")
        systemd.tell("READY=1")
        alive = asyncio.create_task(systemd.keep_alive(), name="signs of life")
        await stopping.wait()
        systemd.tell("STOPPING=1")
        await bus.finish(settings.grace.seconds)
        alive.cancel()
    return exit_code(bus, failures)


if __name__ == "__main__":
    from needlework.cli.worker import worker

    worker(prog_name="python -m needlework.worker")
