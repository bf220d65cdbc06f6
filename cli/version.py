"""`needlework version`."""

import sys
from importlib import metadata

import click
from needlework.cli.show import as_json, json_option


@click.command()
@json_option
def version(json: bool) -> None:
    """Print the version.

    \b
    Example: needlework version --json
    """
    number = metadata.version("needlework")
    python = ".".join(map(str, sys.version_info[:3]))
    if json:
        as_json({"version": number, "python": python})
    else:
        click.echo(f"needlework {number} (Python {python})")
