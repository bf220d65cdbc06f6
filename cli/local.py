"""Work on a data directory without a server, by the same bus that the server uses."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from click.core import ParameterSource
from needlework.bus.errors import ConfigError, NeedleworkError
from needlework.cli.client import Client, Unreachable
from needlework.cli.options import new_client
from needlework.cli.show import Failure, as_json, items
from needlework.settings import data_directory, load_settings

Result = TypeVar("Result")
CHOSEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
"""Where a parameter that somebody gave comes from."""


def on_data(data: Path | None, work: Callable[[Any], Awaitable[Result]]) -> Result:
    """The result of `work(bus)` on the data directory. Raises Failure for what the bus refuses."""
    import anyio
    from needlework.compose import open_bus

    async def run() -> Result:
        async with open_bus(load_settings(data_directory(data))) as bus:
            return await work(bus)

    try:
        return anyio.run(run)
    except ConfigError as error:
        raise Failure("the configuration is wrong", *error.problems, *error.hints) from None
    except NeedleworkError as error:
        hints = [f"{wrong.field}: {wrong.message}" for wrong in error.errors]
        raise Failure(f"{error.detail} [{error.code}] in {data_directory(data)}", *hints) from None
    except OSError as error:
        raise Failure(f"{error.filename or data_directory(data)}: {error.strerror or error}") from error


def either(
    connection: tuple[str, str | None, str | None],
    data: Path | None,
    remote: Callable[[Client], Result],
    local: Callable[[Any], Awaitable[Result]],
) -> Result:
    """Ask the running server; with `--data`, or where none runs and none was named, use the directory."""
    if data is not None:
        return on_data(data, local)
    try:
        with new_client(*connection) as client:
            return remote(client)
    except Unreachable:
        if click.get_current_context().get_parameter_source("url") in CHOSEN:
            raise
        return on_data(data, local)


def listed(
    connection: tuple[str, str | None, str | None],
    data: Path | None,
    path: str,
    local: Callable[[Any], Awaitable[Iterable[Any]]],
) -> list[dict[str, Any]]:
    """The items of the list at `path`, or the records that the bus lists, as plain values."""

    async def plain(bus: Any) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(record) for record in await local(bus)]

    return either(connection, data, lambda client: items(client.get(path)), plain)


def ended(
    connection: tuple[str, str | None, str | None],
    data: Path | None,
    path: str,
    local: Callable[[Any], Awaitable[None]],
    told: tuple[str, str],
    json: bool,
) -> None:
    """End what stands at `path`, by DELETE or by the bus, and say so: `told` is what became of it, and its id."""

    def remote(client: Client) -> None:
        client.call("DELETE", path)

    either(connection, data, remote, local)
    how, ident = told
    if json:
        as_json({how: ident})
    else:
        click.echo(f"{ident} is {how}")
