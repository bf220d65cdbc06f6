"""`needlework supervise`: the API and some workers, in processes of their own, kept running."""

import sys
from pathlib import Path

import click
from needlework.cli.options import data_option, starting, unix_path


@click.command()
@data_option
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="How many workers.")
@click.option("--port", type=click.IntRange(0, 65_535), help="The port, 6767 if left out; 0 is any free one.")
@click.option("--unix", type=click.Path(path_type=Path), help="A unix socket instead of an address and a port.")
@click.option("--expose", is_flag=True, help="Bind 0.0.0.0, for other machines; every request needs a token.")
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@click.option("--skip-broken-plugins", is_flag=True, default=None, help="Start without those that fail.")
@click.option("--dev", is_flag=True, help="Start everything anew when a source file changes.")
def supervise(
    data: Path | None,
    workers: int,
    port: int | None,
    unix: Path | None,
    expose: bool,
    plugins: tuple[Path, ...],
    skip_broken_plugins: bool | None,
    dev: bool,
) -> None:
    """Keep an API and some workers running in one terminal; start again what dies.

    \b
    Examples:
      needlework supervise
      needlework supervise --workers 4 --port 8080
      needlework supervise --dev --plugins plugins
    """
    from needlework import supervisor
    from needlework.settings import data_directory, load_settings

    flags = {"host": "0.0.0.0" if expose else None, "port": port, "skip_broken_plugins": skip_broken_plugins}
    flags["unix"] = unix_path(unix, port, expose)  # type: ignore[assignment]
    flags["plugins"] = [path.absolute() for path in plugins] or None  # type: ignore[assignment]
    directory = data_directory(data)
    words = ["--data", str(directory), *(word for path in plugins for word in ("--plugins", str(path.absolute())))]
    words += ["--skip-broken-plugins"] if skip_broken_plugins else []
    with starting():
        sys.exit(supervisor.supervise(load_settings(directory, flags), words, workers, dev=dev))
