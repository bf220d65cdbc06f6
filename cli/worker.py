"""`needlework worker`: the runners without the API."""

import sys
from pathlib import Path

import click
from needlework.cli.options import data_option, starting


@click.command()
@data_option
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@click.option("--skip-broken-plugins", is_flag=True, default=None, help="Start without those that fail.")
def worker(data: Path | None, plugins: tuple[Path, ...], skip_broken_plugins: bool | None) -> None:
    """Run a share of the runners until SIGTERM or Ctrl-C, beside `serve --api-only` and other workers.

    Any number may run on one data directory. A worker beside a whole `serve` waits, and takes over when that ends.

    \b
    Examples:
      needlework worker
      needlework worker --data /srv/needlework
    """
    from needlework import logs
    from needlework import worker as process
    from needlework.settings import data_directory, load_settings

    flags = {"plugins": [path.absolute() for path in plugins] or None, "skip_broken_plugins": skip_broken_plugins}
    with starting():
        settings = load_settings(data_directory(data), flags)
        logs.set_up(settings.log, settings.log_level)
        sys.exit(process.work(settings))
