"""`needlework messages`: look at messages, ask why one is not running, take one back."""

from typing import Any

import click
from needlework.cli.client import Client, quoted
from needlework.cli.moves import chosen_options, do, previewed
from needlework.cli.options import connected
from needlework.cli.show import as_json, cell, counted, fields, items, json_option, printable, show_page, table

_BASE = "/api/internal/pubsub/messages"
_RUNNERS = "/api/internal/runners"
_STATES = ("waiting", "running", "parked", "done", "refused", "dead", "cancelled")


@click.group()
def messages() -> None:
    """List, show, explain, cancel and retry messages.

    \b
    Example: needlework messages list --state dead
    """


@messages.command("list")
@click.option("--topic", help="Only of this topic.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state.")
@click.option("--batch", help="Only of this batch.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Go on behind an earlier page.")
@json_option
@connected
def list_messages(
    client: Client,
    topic: str | None,
    state: str | None,
    batch: str | None,
    limit: int,
    cursor: str | None,
    json: bool,
) -> None:
    """List messages, newest first.

    \b
    Example: needlework messages list --topic conversation_note_analysis --state dead
    """
    page = client.get(_BASE, topic=topic, state=state, batch=batch, limit=limit, cursor=cursor)
    if json:
        as_json(page)
        return
    columns = {"id": "MESSAGE", "topic": "TOPIC", "state": "STATE", "published": "PUBLISHED", "due": "DUE"}
    show_page(page, columns, empty="no such messages")
    if state == "parked" and (held := [each["id"] for each in items(client.get(_RUNNERS)) if each["paused"]]):
        names = ", ".join(held)
        click.echo(f"what a paused runner holds back stays `waiting`; paused: {names}", err=True)


@messages.command()
@click.argument("message")
@json_option
@connected
def show(client: Client, message: str, json: bool) -> None:
    """Show one message: its input, its deliveries, its attempts, its result.

    \b
    Example: needlework messages show msg_01JD…
    """
    status = client.get(f"{_BASE}/{quoted(message)}")
    if json:
        as_json(status)
        return
    fields(status, skip=("deliveries", "attempts"))
    columns = {
        "runner": "RUNNER", "state": "STATE", "attempt": "ATTEMPT", "due": "DUE",
        "reason": "REASON", "error": "ERROR",
    }  # fmt: skip
    click.echo()
    table(status.get("deliveries") or [], columns, empty="no deliveries")
    for attempt in status.get("attempts") or []:
        click.echo(f"attempt  {cell(attempt)}")


@messages.command()
@click.argument("message")
@json_option
@connected
def explain(client: Client, message: str, json: bool) -> None:
    """Say why MESSAGE is not running, for each of its deliveries.

    \b
    Example: needlework messages explain msg_01JD…
    """
    answer = client.get(f"{_BASE}/{quoted(message)}/explain")
    if json:
        as_json(answer)
        return
    for delivery in answer["deliveries"]:
        click.echo(printable(f"{delivery['runner']}  {delivery['state']}  {delivery['text']}"))


def _chosen(command: Any) -> Any:
    """The filters of work on many messages."""
    for option in (
        click.option("--until", help="Only what was published before this time."),
        click.option("--from", "from_", help="Only what was published from this time on."),
        click.option("--batch", help="Only of this batch."),
        click.option("--topic", help="Only of this topic."),
    ):
        command = option(command)
    return chosen_options(command)


@messages.command()
@click.argument("message", required=False)
@click.option("--state", type=click.Choice(("waiting", "running", "parked")), help="Only what is in this state.")
@_chosen
@json_option
@connected
def cancel(client: Client, message: str | None, json: bool, from_: str | None, **chosen: Any) -> None:
    """Cancel what is left of MESSAGE, or of all messages that fit the filters; what has ended stays as it is.

    \b
    Examples:
      needlework messages cancel msg_01JD…
      needlework messages cancel --topic conversation_note_analysis --preview
    """
    if message is None:
        answer = do(client, f"{_BASE}/cancel", {"from": from_, **chosen}, json=json)
        if answer is not None and not previewed(answer, "would be cancelled"):
            click.echo(f"{counted(answer['cancelled'], 'message')} cancelled")
        return
    if any((from_, *chosen.values())):
        raise click.UsageError("give a MESSAGE or filters, not both")
    answer = client.post(f"{_BASE}/{quoted(message)}/cancel")
    if json:
        as_json(answer)
    else:
        click.echo(f"{counted(answer['cancelled'], 'delivery', 'deliveries')} of {message} cancelled")


@messages.command()
@click.option("--runner", help="Only of this runner.")
@_chosen
@json_option
@connected
def retry(client: Client, json: bool, from_: str | None, **chosen: Any) -> None:
    """Let retries that wait for their time run now: those that fit the filters, or --all.

    \b
    Example: needlework messages retry --topic conversation_note_analysis
    """
    answer = do(client, f"{_BASE}/retry", {"from": from_, **chosen}, json=json)
    if answer is not None and not previewed(answer, "would be retried now"):
        click.echo(f"{counted(answer['retried'], 'retry', 'retries')} let go")
