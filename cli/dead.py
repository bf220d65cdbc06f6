"""`needlework dead`: see what used up its attempts, let it go again, or remove it."""

from collections.abc import Callable
from typing import Any

import click
from needlework.cli.client import Client, quoted
from needlework.cli.moves import chosen_options, do, previewed
from needlework.cli.options import connected, parse_json, parse_pairs
from needlework.cli.show import as_json, cell, fields, json_option, printable, show_page

_BASE = "/api/internal/dead"
_REASONS = ("attempts", "checksum", "schema", "poison")
Command = Callable[..., Any]


@click.group()
def dead() -> None:
    """List, show, redrive and purge dead letters: deliveries that used up their attempts.

    \b
    Example: needlework dead redrive --topic conversation_note_analysis --preview
    """


def _filters(command: Command) -> Command:
    """The filters that a list, a redrive and a purge share."""
    for option in (
        click.option("--until", help="Only what died before this time."),
        click.option("--from", "from_", help="Only what died from this time on (RFC 3339 or Unix seconds)."),
        click.option("--error", help="Only where the error contains this text."),
        click.option("--reason", type=click.Choice(_REASONS), help="Only what is dead for this reason."),
        click.option("--runner", help="Only of this runner."),
        click.option("--topic", help="Only of this topic."),
    ):
        command = option(command)
    return command


@dead.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Go on behind an earlier page.")
@json_option
@connected
def list_dead(client: Client, json: bool, from_: str | None, **filters: Any) -> None:
    """List dead letters, newest first.

    \b
    Example: needlework dead list --error "no route" --from 2026-01-01
    """
    page = client.get(_BASE, **{"from": from_}, **filters)
    if json:
        as_json(page)
        return
    columns = {"id": "DEAD LETTER", "topic": "TOPIC", "reason": "REASON", "died": "DIED", "error": "ERROR"}
    show_page(page, columns, empty="no dead letters")


@dead.command()
@click.argument("letter")
@json_option
@connected
def show(client: Client, letter: str, json: bool) -> None:
    """Show one dead letter: why it died, what was published, every attempt.

    \b
    Example: needlework dead show msg_01JD…
    """
    found = client.get(f"{_BASE}/{quoted(letter)}")
    if json:
        as_json(found)
        return
    fields(found, skip=("history", "error"))
    click.echo(f"\n{printable(found['error'])}\n")
    for attempt in found["history"]:
        click.echo(f"attempt {cell(attempt['attempt'])}  {cell(attempt['at'])}  {cell(attempt['error'])}")


@dead.command()
@click.argument("letters", nargs=-1)
@_filters
@chosen_options
@click.option("--first", type=click.IntRange(1), help="Let only so many go, the oldest.")
@click.option("--stop-after", type=click.IntRange(1, 1000), help="Leave the rest once so many failed again.")
@click.option("--patch", "patches", multiple=True, metavar="FIELD=TEXT", help="Replace a field (field:=JSON for JSON).")
@click.option("--patch-json", metavar="JSON", help="Replace fields by those of an object, or of @FILE.")
@json_option
@connected
def redrive(
    client: Client,
    letters: tuple[str, ...],
    json: bool,
    first: int | None,
    stop_after: int | None,
    patches: tuple[str, ...],
    patch_json: str | None,
    **chosen: Any,
) -> None:
    """Let dead letters go again: LETTERS, those that fit the filters, or --all.

    \b
    Examples:
      needlework dead redrive msg_01JD…
      needlework dead redrive --error "no route" --preview
      needlework dead redrive --topic conversation_note_analysis --stop-after 5
      needlework dead redrive msg_01JD… --patch note_id=note_7
    """
    given = parse_json(patch_json, "--patch-json") if patch_json else {}
    if not isinstance(given, dict):
        raise click.UsageError('--patch-json is not an object: write for example \'{"note_id": "note_7"}\'')
    patch = given | parse_pairs(patches, "--patch")
    body = _body(letters, chosen) | {"first": first, "stop_after": stop_after, "patch": patch or None}
    answer = do(client, f"{_BASE}/redrive", body, json=json)
    if answer is None or previewed(answer, "would be redriven"):
        return
    click.echo(f"{answer['redriven']} redriven, {answer['skipped']} skipped")
    if answer["stopped"]:
        click.echo(f"stopped: {answer['stopped']}, {answer['failed_again']} failed again", err=True)


@dead.command()
@click.argument("letters", nargs=-1)
@_filters
@chosen_options
@json_option
@connected
def purge(client: Client, letters: tuple[str, ...], json: bool, **chosen: Any) -> None:
    """Remove dead letters for good: LETTERS, those that fit the filters, or --all.

    \b
    Example: needlework dead purge --topic conversation_note_analysis --until 2026-01-01 --preview
    """
    answer = do(client, f"{_BASE}/purge", _body(letters, chosen), json=json)
    if answer is not None and not previewed(answer, "would be purged"):
        click.echo(f"{answer['purged']} purged")


def _body(letters: tuple[str, ...], chosen: dict[str, Any]) -> dict[str, Any]:
    return {"ids": list(letters) or None, "from": chosen.pop("from_"), **chosen}
