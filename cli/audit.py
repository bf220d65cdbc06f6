"""`needlework audit`: who changed what."""

from typing import Any

import click
from needlework.cli.client import Client
from needlework.cli.options import connected
from needlework.cli.show import as_json, json_option, show_page


@click.command()
@click.option("--action", help="Only this action, or those that begin alike: `dead.*`.")
@click.option("--principal", help="Only by this caller, or by those that begin alike: `token:*`.")
@click.option("--from", "from_", help="Only from this time on (RFC 3339 or Unix seconds).")
@click.option("--until", help="Only before this time.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Go on behind an earlier page.")
@json_option
@connected
def audit(client: Client, json: bool, from_: str | None, **filters: Any) -> None:
    """Show the log of what people changed, newest first.

    \b
    Example: needlework audit --action "dead.*" --from 2026-01-01
    """
    page = client.get("/api/audit", **{"from": from_}, **filters)
    if json:
        as_json(page)
        return
    columns = {"at": "AT", "principal": "BY", "action": "ACTION", "target": "TARGET", "outcome": "OUTCOME",
               "detail": "DETAIL", "origin": "FROM"}  # fmt: skip
    show_page(page, columns, empty="no such lines")
