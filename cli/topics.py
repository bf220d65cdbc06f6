"""`needlework topics` and `needlework runners`: what the service does, as the running server says it."""

import click
from needlework.cli.client import Client
from needlework.cli.options import connected
from needlework.cli.show import as_json, items, json_option, table


@click.command()
@json_option
@connected
def topics(client: Client, json: bool) -> None:
    """List the topics: their runners, their route, where they come from.

    \b
    Example: needlework topics --json | jq '.[].topic'
    """
    found = items(client.get("/api/internal/pubsub/topics"))
    if json:
        as_json(found)
        return
    columns = {
        "topic": "TOPIC", "runners": "RUNNERS", "route": "ROUTE", "origin": "ORIGIN", "summary": "SUMMARY"
    }  # fmt: skip
    table(found, columns, empty="no topics")


@click.command()
@json_option
@connected
def runners(client: Client, json: bool) -> None:
    """List the runners: what waits for each, what runs, when it runs next.

    \b
    Example: needlework runners
    """
    found = items(client.get("/api/internal/runners"))
    if json:
        as_json(found)
        return
    columns = {
        "id": "RUNNER", "mode": "MODE", "paused": "PAUSED", "waiting": "WAITING", "running": "RUNNING",
        "scheduled": "SCHEDULED", "parked": "PARKED", "dead": "DEAD", "schedule": "SCHEDULE", "next_run": "NEXT RUN",
    }  # fmt: skip
    table(found, columns, empty="no runners")
