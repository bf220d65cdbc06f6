"""Options that several commands share."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import click
from needlework.bus.errors import ConfigError, NeedleworkError
from needlework.cli.client import DEFAULT_URL, Client
from needlework.cli.show import Failure

_CONNECTION = (
    click.option(
        "--url",
        envvar="NEEDLEWORK_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="The server; unix:PATH for a socket.",
    ),
    click.option("--token", envvar="NEEDLEWORK_TOKEN", help="An access token (better: NEEDLEWORK_TOKEN)."),
    click.option("--workspace", envvar="NEEDLEWORK_WORKSPACE", help="The workspace, where a token has several."),
)


class _DataOption(click.Option):
    """Names the directory that is used where none is given; it is looked up only for the help."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        from needlework.settings import data_directory

        extra = super().get_help_extra(ctx)
        extra["default"] = str(data_directory(None, environ={}))
        return extra


data_option = click.option(
    "--data",
    cls=_DataOption,
    type=click.Path(path_type=Path, file_okay=False),
    envvar="NEEDLEWORK_DATA",
    show_envvar=True,
    help="The data directory.",
)


def unix_path(path: Path | None, *addresses: object) -> Path | None:
    """`--unix` as a setting. Raises a usage error beside `--host`, `--port` or `--expose`."""
    if path is not None and any(each not in (None, False) for each in addresses):
        raise click.UsageError("--unix listens on a socket instead of an address; leave out --host, --port, --expose")
    return path and path.expanduser().absolute()


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """What keeps a process from starting, as one failure with every problem."""
    try:
        yield
    except ConfigError as error:
        raise Failure("needlework can't start; the configuration is wrong:", *error.problems, *error.hints) from None
    except NeedleworkError as error:
        raise Failure(f"needlework can't start: {error.detail}") from None


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--url`, `--token` and `--workspace` on a command that may do without a server."""
    for option in reversed(_CONNECTION):
        command = option(command)
    return command


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that talks to a server: takes `--url`, `--token`, `--workspace`; gets a `Client` first."""

    @wraps(command)
    def run(url: str, token: str | None, workspace: str | None, **others: Any) -> Any:
        with new_client(url, token, workspace) as client:
            return command(client, **others)

    return connection_options(run)


def new_client(url: str, token: str | None, workspace: str | None) -> Client:
    """A client; in tests replaced by one with a transport of its own through the click context."""
    factory: Callable[..., Any] = click.get_current_context().obj or Client
    client: Client = factory(url, token, workspace)
    return client


def parse_json(text: str, name: str) -> Any:
    """JSON given on the command line, or `@FILE`, or `-` for standard input. Raises a usage error."""
    import msgspec

    try:
        if text == "-":
            content = sys.stdin.buffer.read()
        elif text.startswith("@"):
            content = Path(text[1:]).read_bytes()
        else:
            content = text.encode()
    except OSError as error:
        raise Failure(f"{name}: {error.filename} cannot be read: {error.strerror}") from None
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise click.UsageError(f"{name} is not JSON: {error}") from None


def parse_pairs(pairs: tuple[str, ...], name: str) -> dict[str, Any]:
    """`k=text` and `k:=JSON` pairs as an object. Raises a usage error with an example."""
    found: dict[str, Any] = {}
    for pair in pairs:
        field, mark, text = pair.partition("=")
        if not mark or not field.rstrip(":"):
            raise click.UsageError(f"{name} {pair!r}: write field=text, or field:=JSON, for example id=nm_1")
        if field.endswith(":"):
            found[field[:-1]] = parse_json(text, f"{name} {field[:-1]}")
        else:
            found[field] = text
    return found
