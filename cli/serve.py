"""`needlework serve`: the API and the runners in one process."""

import socket
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from needlework.bus.errors import ConfigError, NeedleworkError
from needlework.cli.options import data_option, unix_path
from needlework.cli.show import Failure

_ANYWHERE = "0.0.0.0"


@click.command()
@data_option
@click.option("--port", type=click.IntRange(0, 65_535), help="The port, 6767 if left out; 0 is any free one.")
@click.option("--host", metavar="ADDRESS", help="The address to bind, 127.0.0.1 if left out.")
@click.option("--unix", type=click.Path(path_type=Path), help="A unix socket instead of an address and a port.")
@click.option("--expose", is_flag=True, help="Bind 0.0.0.0, for other machines; every request needs a token.")
@click.option("--demo", is_flag=True, help="A sample workspace, in `demo` of the data directory.")
@click.option("--require-token", is_flag=True, default=None, help="Refuse requests without a token here too.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, help="Another name by which we are called.")
@click.option("--allow-origin", "allow_origins", multiple=True, help="A web page's origin that may call us.")
@click.option("--trust-proxy", is_flag=True, default=None, help="Believe the X-Forwarded-… of a proxy of ours.")
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@click.option("--skip-broken-plugins", is_flag=True, default=None, help="Start without those that fail.")
@click.option("--api-only", is_flag=True, help="Serve without runners.")
@click.option("--dev", is_flag=True, help="Start anew when a source file changes; the address stays.")
@click.option("--fd", "fds", multiple=True, type=int, hidden=True, help="Serve on this socket of `--dev`.")
@click.pass_context
def serve(
    ctx: click.Context, /, data: Path | None, demo: bool, api_only: bool, dev: bool, fds: tuple[int, ...], **given: Any
) -> None:
    """Run the API and the runners until SIGTERM or Ctrl-C.

    \b
    Examples:
      needlework serve --demo
      needlework serve --data /srv/needlework --port 8080
      needlework serve --unix ~/.needlework/socket
      needlework serve --expose --allowed-host needlework.lan
      needlework serve --dev --plugins plugins
    """
    from needlework import compose, logs
    from needlework.cli import reload
    from needlework.settings import data_directory, load_settings

    try:
        settings = load_settings(data_directory(data, demo=demo), _flags(given))
        if dev:
            sys.exit(reload.serve(settings, _words(ctx)))
        logs.set_up(settings.log, settings.log_level)
        sockets = [socket.socket(fileno=number) for number in fds]
        sys.exit(compose.serve(settings, demo=demo, api_only=api_only, sockets=sockets))
    except ConfigError as error:
        raise Failure("needlework can't start; the configuration is wrong:", *error.problems, *error.hints) from None
    except NeedleworkError as error:
        raise Failure(f"needlework can't start: {error.detail}") from None
    except OSError as error:
        raise Failure(f"needlework can't start: {error.strerror or error}{_where(error)}") from error


def _where(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _flags(given: dict[str, Any]) -> dict[str, Any]:
    """The options as settings; None where nothing was said."""
    flags = {name: value or None for name, value in given.items() if name not in ("expose", "port", "unix")}
    flags["unix"] = unix_path(given["unix"], given["host"], given["port"], given["expose"])
    if given["expose"]:
        if given["host"] is not None:
            raise click.UsageError("--expose binds 0.0.0.0; give either --expose or --host")
        flags["host"] = _ANYWHERE
    flags["port"] = given["port"]
    flags["plugins"] = [path.absolute() for path in given["plugins"]] or None
    return flags


def _words(ctx: click.Context) -> list[str]:
    """The options of this call as its children get them."""
    words: list[str] = []
    for param in ctx.command.params:
        name = param.name or ""
        if name == "dev" or ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        if isinstance(param, click.Option) and param.is_flag:
            words += [param.opts[0]] * bool(value)
        else:
            for each in value if param.multiple else [value]:
                words += [param.opts[0], str(each)]
    return words
