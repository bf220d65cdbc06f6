"""`needlework pause` and `needlework resume`: hold a runner or a topic, and let it go on."""

import click
from needlework.cli.client import Client, quoted
from needlework.cli.options import connected
from needlework.cli.show import as_json, json_option

_PLACES = {"runner": "/api/internal/runners", "topic": "/api/internal/pubsub/topics"}


@click.command()
@click.argument("kind", type=click.Choice(list(_PLACES)))
@click.argument("name")
@json_option
@connected
def pause(client: Client, kind: str, name: str, json: bool) -> None:
    """Hold the runner or topic NAME: what is due waits, what runs goes on.

    \b
    Example: needlework pause runner conversation_note_analysis_processor
    """
    _hold(client, kind, name, "pause", json)


@click.command()
@click.argument("kind", type=click.Choice(list(_PLACES)))
@click.argument("name")
@json_option
@connected
def resume(client: Client, kind: str, name: str, json: bool) -> None:
    """Let the runner or topic NAME go on.

    \b
    Example: needlework resume topic conversation_note_analysis
    """
    _hold(client, kind, name, "resume", json)


def _hold(client: Client, kind: str, name: str, verb: str, json: bool) -> None:
    answer = client.post(f"{_PLACES[kind]}/{quoted(name)}/{verb}")
    if json:
        as_json(answer)
    else:
        click.echo(f"{kind} {name} {'is held' if verb == 'pause' else 'goes on'}")
