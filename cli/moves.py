"""Work on many things: chosen, previewed, begun, and followed until it has ended."""

from collections.abc import Callable
from typing import Any

import click
from needlework.cli.client import Client
from needlework.cli.show import as_json, table
from needlework.cli.watch import follow_result

Command = Callable[..., Any]


def chosen_options(command: Command) -> Command:
    """`--all` and `--preview`."""
    command = click.option("--preview", is_flag=True, help="Only say what would be done.")(command)
    return click.option("--all", is_flag=True, help="All of them, without a filter.")(command)


def do(client: Client, path: str, body: dict[str, Any], *, json: bool) -> Any:
    """Begin the work, show how far it is, and answer its result; with `json` print that and answer None."""
    body = {name: value for name, value in body.items() if value not in (None, False)}
    if body.get("preview"):
        answer = client.post(path, body)
    else:
        receipt = client.post(path, body, prefer="respond-async")
        answer = follow_result(client, receipt["id"], quiet=json)
    if json:
        as_json(answer)
        return None
    return answer


def previewed(answer: dict[str, Any], what: str) -> bool:
    """Show a preview, where it is one."""
    if not answer.get("preview"):
        return False
    count = f"more than {answer['count']}" if answer["more"] else str(answer["count"])
    shown = [name for name in ("count", "topic", "runner", "reason", "error") if name in (answer["groups"] or [{}])[0]]
    table(answer["groups"], {name: name.upper() for name in shown}, empty="nothing fits")
    click.echo(f"{count} {what}")
    return True
