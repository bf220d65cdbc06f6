"""`needlework doctor`: is everything below and around the service as it must be, and what to do where it is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from needlework.bus.sqlite.orphans import Orphan, named, purge_orphan
from needlework.cli.checks import installation, machine
from needlework.cli.checks.findings import Finding
from needlework.cli.local import CHOSEN
from needlework.cli.options import connection_options, data_option, new_client
from needlework.cli.show import Failure, as_json, counted, items, json_option, table
from needlework.settings import data_directory

_AT_ONCE = 500
_PATIENCE = 5.0
"""Seconds for the server to answer; one that is well takes milliseconds."""


@click.command()
@data_option
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@click.option("--purge", multiple=True, metavar="NAME", help="End what waits for this runner or topic that is gone.")
@json_option
@connection_options
def doctor(
    data: Path | None, plugins: tuple[Path, ...], purge: tuple[str, ...], json: bool, **connection: str | None
) -> None:
    """Look at the disk, the clock, the files, the settings, the server, and at what waits for code that is gone.

    Nothing is changed, unless something is named to `--purge`; for that the service must be stopped. The exit code is
    1 where anything fails.

    \b
    Examples:
      needlework doctor
      needlework doctor --json
      needlework doctor --purge old_runner
    """
    directory = data_directory(data)
    findings, orphans = examine(directory, [path.absolute() for path in plugins], connection)
    if purge:
        findings += _purge(directory, orphans, purge)
    if json:
        as_json({"directory": str(directory), "ok": _ok(findings), "findings": findings})
    else:
        rows = [{"state": each.state, "check": each.check, "found": each.found} for each in findings]
        table(rows, {"state": "", "check": "CHECK", "found": "FOUND"}, empty="nothing")
        for each in findings:
            if each.advice:
                click.echo(f"{each.check}: {each.advice}", err=True)
    if not _ok(findings):
        raise click.exceptions.Exit(1)


def examine(directory: Path, plugins: list[Path], connection: dict[str, Any]) -> tuple[list[Finding], list[Orphan]]:
    """Every check in turn."""
    findings, settings, known = installation.configuration(directory, plugins)
    findings += installation.secrets(settings) if settings is not None else []
    if not directory.is_dir():
        findings.append(Finding("directory", "warn", f"{directory} is not there yet", "the first start makes it"))
        return findings, []
    present, pid = installation.processes(directory)
    unix = settings.unix if settings is not None else None
    chosen = click.get_current_context().get_parameter_source("url") in CHOSEN
    url = f"unix:{unix}" if unix is not None and not chosen else connection["url"] or ""
    with new_client(url, connection["token"], connection["workspace"]) as client:
        client.patience = _PATIENCE
        served = installation.server(pid, lambda: client.get("/readyz"), client.url)
        if known and pid is not None and served.state == "ok":
            known |= _of_server(client)
    looked, newest, orphans = installation.database(directory, known)
    findings += [present, served, *looked, installation.modes(directory, unix)]
    findings.append(installation.file_system(directory, settings))
    return [*findings, machine.flushes(directory), machine.room(directory), *machine.clock(newest)], orphans


def _of_server(client: Any) -> dict[str, Any]:
    """What the running server knows: it may have been started with other plug-ins than this command."""
    try:
        return {topic["topic"]: topic["runners"] for topic in items(client.get("/api/internal/pubsub/topics"))}
    except Failure:
        return {}


def _purge(directory: Path, orphans: list[Orphan], names: Sequence[str]) -> list[Finding]:
    """End the orphans that were named. Raises Failure where one is none, or the directory is served."""
    from needlework.bus.errors import ConfigError
    from needlework.bus.owners import lock_server
    from needlework.cli.local import on_data

    if unknown := [name for name in names if not any(name in orphan.names for orphan in orphans)]:
        raise Failure(f"nothing waits in vain for {unknown[0]!r}", "needlework doctor lists what does")
    if pids := installation.living(directory).values():
        raise Failure("nothing was purged", f"stop what has {directory} open first: {', '.join(map(str, pids))}")
    try:
        lock = lock_server(directory)
    except ConfigError as error:
        raise Failure("nothing was purged", *error.problems) from None
    chosen = list(named(orphans, names))

    async def work(bus: Any) -> int:
        ended = 0
        for orphan in chosen:
            while count := await bus.store.writer.run(lambda t, one=orphan: purge_orphan(t, one, _AT_ONCE)):
                ended += count
            await bus.audit.record("cli", None, "orphans.purged", f"{orphan.topic} for {orphan.runner}")
        return ended

    try:
        ended = on_data(directory, work)
    finally:
        lock.release()
    return [Finding("purge", "ok", f"{counted(ended, 'delivery', 'deliveries')} cancelled")]


def _ok(findings: list[Finding]) -> bool:
    return all(each.state != "fail" for each in findings)
