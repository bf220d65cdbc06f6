"""`needlework publish`: one message on a topic, now or later, followed if asked."""

from datetime import UTC, datetime, timedelta

import click
from needlework.bus.durations import parse_duration
from needlework.cli.client import Client
from needlework.cli.options import connected, parse_json, parse_pairs
from needlework.cli.show import as_json, json_option
from needlework.cli.watch import follow


@click.command()
@click.argument("topic")
@click.option("--key", "keys", multiple=True, metavar="K=V", help="A field of the key; K:=JSON for other than text.")
@click.option("--data", metavar="JSON", help="The other fields as a JSON object, or @FILE, or - for standard input.")
@click.option("--deliver-after", metavar="WHEN", help='Not before: "10m" from now, or an RFC 3339 time.')
@click.option("--force", is_flag=True, help="Publish anew even where an equal message waits.")
@click.option("--idempotency-key", help="Repeats with the same key within 24 h change nothing.")
@click.option("--watch", is_flag=True, help="Follow the message until it has ended.")
@json_option
@connected
def publish(
    client: Client,
    topic: str,
    keys: tuple[str, ...],
    data: str | None,
    deliver_after: str | None,
    force: bool,
    idempotency_key: str | None,
    watch: bool,
    json: bool,
) -> None:
    """Publish a message on TOPIC.

    \b
    Examples:
      needlework publish conversation_note_analysis --key conversation_fs_id=conv_1 --watch
      needlework publish conversation_note_analysis --key note_id=note_1 --deliver-after 10m
      needlework publish note.ingest --data '{"title": "Call", "body_md": "They may leave."}' --json
    """
    body: dict[str, object] = {"topic": topic, "key": parse_pairs(keys, "--key")}
    body["data"] = parse_json(data, "--data") if data is not None else {}
    if deliver_after is not None:
        body["deliver_after"] = _moment(deliver_after)
    if force:
        body["force"] = True
    receipt = client.post("/api/internal/pubsub/publish", body, key=idempotency_key)
    if json:
        as_json(receipt)
    else:
        again = " (an equal message was waiting already)" if receipt.get("deduplicated") else ""
        click.echo(f"{receipt['id']}  published {receipt['published']}{again}")
    if watch:
        follow(client, receipt["id"], json=json)
    elif not json:
        click.echo(f"follow it with: needlework watch {receipt['id']}", err=True)


def _moment(text: str) -> str:
    """A duration from now as RFC 3339; anything else is for the server to judge."""
    try:
        later = timedelta(microseconds=parse_duration(text))
    except ValueError:
        if not text[:4].isdigit():
            raise click.UsageError(f'--deliver-after {text!r}: write "10m" or "2030-01-01T12:00:00Z"') from None
        return text
    return (datetime.now(UTC) + later).isoformat()
