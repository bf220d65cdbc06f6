"""`needlework serve`: the API and the runners in one process."""

import sys
from pathlib import Path

import click
from needlework.bus.errors import ConfigError, NeedleworkError
from needlework.cli.options import data_option
from needlework.cli.show import Failure

_ANYWHERE = "0.0.0.0"


@click.command()
@data_option
@click.option("--port", type=click.IntRange(0, 65_535), help="The port, 6767 if left out; 0 is any free one.")
@click.option("--host", metavar="ADDRESS", help="The address to bind, 127.0.0.1 if left out.")
@click.option("--expose", is_flag=True, help="Bind 0.0.0.0, for other machines; every request needs a token.")
@click.option("--demo", is_flag=True, help="A sample workspace in a data directory of its own.")
@click.option("--require-token", is_flag=True, default=None, help="Refuse requests without a token here too.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, help="Another name by which we are called.")
@click.option("--allow-origin", "allow_origins", multiple=True, help="A web page's origin that may call us.")
@click.option("--trust-proxy", is_flag=True, default=None, help="Believe the X-Forwarded-… of a proxy of ours.")
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@click.option("--skip-broken-plugins", is_flag=True, default=None, help="Start without those that fail.")
@click.option("--api-only", is_flag=True, help="Serve without runners.")
@click.option("--dev", is_flag=True, help="Restart when a source file changes.")
def serve(
    data: Path | None,
    port: int | None,
    host: str | None,
    expose: bool,
    demo: bool,
    require_token: bool | None,
    allowed_hosts: tuple[str, ...],
    allow_origins: tuple[str, ...],
    trust_proxy: bool | None,
    plugins: tuple[Path, ...],
    skip_broken_plugins: bool | None,
    api_only: bool,
    dev: bool,
) -> None:
    """Run the API and the runners until SIGTERM or Ctrl-C.

    \b
    Examples:
      needlework serve --demo
      needlework serve --data /srv/needlework --port 8080
      needlework serve --expose --allowed-host needlework.lan
    """
    if expose and host is not None:
        raise click.UsageError("--expose binds 0.0.0.0; give either --expose or --host")
    flags = {
        "port": port,
        "host": _ANYWHERE if expose else host,
        "require_token": require_token,
        "allowed_hosts": allowed_hosts or None,
        "allow_origins": allow_origins or None,
        "trust_proxy": trust_proxy,
        "plugins": [path.absolute() for path in plugins] or None,
        "skip_broken_plugins": skip_broken_plugins,
    }
    from needlework import compose, logs
    from needlework.settings import data_directory, load_settings

    try:
        settings = load_settings(data_directory(data, demo=demo), flags)
        logs.set_up(settings.log, settings.log_level)
        sys.exit(compose.serve(settings, demo=demo, api_only=api_only, dev=dev))
    except ConfigError as error:
        raise Failure("needlework can't start; the configuration is wrong:", *error.problems) from None
    except NeedleworkError as error:
        raise Failure(f"needlework can't start: {error.detail}") from None
