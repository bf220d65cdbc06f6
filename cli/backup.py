"""`needlework backup` and `needlework restore`: the database as one checked file, and back."""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click
import msgspec
from needlework.bus.clock import SystemClock, rfc3339
from needlework.bus.errors import ConfigError, NeedleworkError
from needlework.bus.sqlite.copies import Backup
from needlework.cli.bars import steps
from needlework.cli.options import data_option
from needlework.cli.show import Failure, as_json, json_option, printable
from needlework.settings import data_directory

_MIB = 1024 * 1024


def _named(context: click.Context, parameter: click.Parameter, value: str | None) -> Path:
    """The file, or an error that shows how to name one; a name that ends as a directory's does must be one."""
    if value is None:
        raise click.UsageError("name a file or a directory for the copy, for example: needlework backup /mnt/backups/")
    path = Path(value).absolute()
    if value.endswith(os.sep) and not path.is_dir():
        raise click.BadParameter(f"there is no directory {printable(path)}; make it, or name a file")
    return path


@click.command()
@click.argument("file", metavar="FILE", required=False, type=click.Path(), callback=_named)
@data_option
@click.option("--fast", is_flag=True, help="Without rests: ten times as fast, and a service beside it waits for it.")
@json_option
def backup(file: Path, data: Path | None, fast: bool, json: bool) -> None:
    """Copy the database to FILE, whether it is served or not; or into the directory FILE, under a name with the time.

    FILE has no default: a copy that lies where nobody chose is not found when it is needed, and one on the disk of the
    data goes with it.

    Everything that was acknowledged before it begins is in it. It is checked before it gets its name, readable by you
    alone, and never replaces a file. Settings, plug-ins and the files that secrets refer to are not in it.

    It rests most of the time, so that the service beside it does not wait: 140 MiB take half a minute.

    \b
    Examples:
      needlework backup /mnt/backups/
      needlework backup /mnt/backups/monday.backup --fast
    """
    from needlework.bus.sqlite.backup import back_up
    from needlework.bus.sqlite.pacing import Pace

    now = SystemClock().now()
    name = f"needlework-{datetime.fromtimestamp(now // 1_000_000, UTC):%Y%m%dT%H%M%SZ}.backup"
    target = file / name if file.is_dir() else file
    started = time.monotonic()
    try:
        with _behind_the_service(), steps(quiet=json) as progress:
            pace = Pace(progress, rests=not fast)
            made = back_up(data_directory(data), target, version=metadata.version("needlework"), now=now, pace=pace)
    except NeedleworkError as error:
        raise Failure(f"no backup was made: {error.detail}", *_advice(error)) from None
    if json:
        as_json({"file": str(target), "seconds": round(time.monotonic() - started, 3), **_described(made)})
    else:
        click.echo(f"{printable(target)}: {_sentence(made)}")
        click.echo(f"back again with: needlework restore {printable(target)} --data NEW_DIRECTORY", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@data_option
@click.option("--check", is_flag=True, help="Only read FILE through and say whether it is whole.")
@json_option
def restore(file: Path, data: Path | None, check: bool, json: bool) -> None:
    """Put the backup FILE into a data directory that holds no data; it is checked before.

    What was being handled when the backup was made is handled again, as after a crash.

    \b
    Examples:
      needlework restore needlework-20260101T120000Z.backup --data /srv/needlework
      needlework restore needlework-20260101T120000Z.backup --check
    """
    from needlework.bus.sqlite import backup as backups
    from needlework.compose import migrations

    directory = data_directory(data)
    try:
        with steps(quiet=json) as progress:
            if check:
                made = backups.verify(file, migrations(), progress)
            else:
                made = backups.restore(file, directory, migrations(), progress)
    except NeedleworkError as error:
        raise Failure(f"nothing was restored: {error.detail}", *_advice(error)) from None
    if json:
        as_json({"file": str(file), "directory": None if check else str(directory), **_described(made)})
    elif check:
        click.echo(f"{printable(file)} is whole: {_sentence(made)}")
    else:
        click.echo(f"{printable(directory)}: {_sentence(made)}")
        click.echo(f"start it with: needlework serve --data {printable(directory)}", err=True)


@contextlib.contextmanager
def _behind_the_service() -> Iterator[None]:
    """Whatever the service has to compute meanwhile goes first: a copy has time."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, before + 10)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):  # only root may go back
            os.setpriority(os.PRIO_PROCESS, 0, before)


def _described(made: Backup) -> dict[str, object]:
    return {**msgspec.structs.asdict(made), "taken": rfc3339(made.taken)}


def _sentence(made: Backup) -> str:
    return (
        f"{made.bytes / _MIB:.1f} MiB, everything acknowledged before {rfc3339(made.taken)}, up to message"
        f" {made.message} and event {made.event}, needlework {made.version}"
    )


def _advice(error: NeedleworkError) -> tuple[str, ...]:
    return tuple(error.hints) if isinstance(error, ConfigError) else ()
