"""`needlework check`: settings, topics, handlers and plug-ins, validated without starting anything."""

from pathlib import Path

import click
from needlework.bus.errors import ConfigError
from needlework.cli.options import data_option
from needlework.cli.show import Failure, as_json, counted, json_option


@click.command()
@data_option
@click.option("--plugins", multiple=True, type=click.Path(path_type=Path), help="A folder of handlers.")
@json_option
def check(data: Path | None, plugins: tuple[Path, ...], json: bool) -> None:
    """Validate settings, topics, handlers and plug-ins; list every problem.

    \b
    Example: needlework check --data /srv/needlework
    """
    from needlework.settings import data_directory, load_settings

    problems: list[str] = []
    hints: list[str] = []
    summary: dict[str, int] = {}
    flags = {"plugins": [path.absolute() for path in plugins] or None}
    try:
        settings = load_settings(data_directory(data), flags)
    except ConfigError as error:
        problems += error.problems
        settings = None
    if settings is not None:
        try:
            from needlework.compose import load_registry

            registry = load_registry(settings)
            summary = {"topics": len(registry.topics), "runners": len(registry.runners)}
        except ConfigError as error:
            problems += error.problems
            hints += error.hints
    if json:
        as_json({"ok": not problems, "problems": problems, "hints": hints, **summary})
    if problems:
        raise Failure(counted(len(problems), "problem"), *problems, *hints)
    if not json:
        found = f"{counted(summary['topics'], 'topic')}, {counted(summary['runners'], 'runner')}"
        click.echo(f"everything is in order: {found}")
        click.echo("labels are told in English, in German by few patterns, in other languages not (docs/labels.md)")
