"""How far a command is with work of several steps: a bar on the terminal, a line now and then where there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import click

APART = 5.0
"""Seconds between two lines, and before the first one: what is soon done needs none."""
Show = Callable[[str, int, int], None]


@contextmanager
def steps(*, quiet: bool) -> Iterator[Show]:
    """A function that is told a step's name, how much of it is done, and of how much (0: unknown).

    It shows nothing where `quiet`; where standard error is no terminal (a pipe, a log of CI) lines instead of bars.
    """
    if quiet or not sys.stderr.isatty():
        yield (lambda name, done, of: None) if quiet else _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    share = TaskProgressColumn(text_format_no_percentage="{task.completed:,.0f}")
    columns = (TextColumn("{task.description:<10}"), BarColumn(), share, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = {}

        def show(name: str, done: int, of: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=None)
            progress.update(tasks[name], completed=done, total=of or None)

        yield show


def _lines() -> Show:
    said = monotonic()

    def show(name: str, done: int, of: int) -> None:
        nonlocal said
        now = monotonic()
        if now - said >= APART:
            said = now
            click.echo(f"{name}: {done * 100 // of} %" if of else f"{name}: {done:,} so far", err=True)

    return show
