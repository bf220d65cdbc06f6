"""`needlework session`: who is signed in in a browser, and ending that."""

from pathlib import Path
from typing import Any

import click
import msgspec
from needlework.cli.client import Client, quoted
from needlework.cli.local import either
from needlework.cli.options import connection_options, data_option
from needlework.cli.show import as_json, items, json_option, table


@click.group()
def session() -> None:
    """List and end the sessions of browsers.

    \b
    Example: needlework session list
    """


@session.command("list")
@connection_options
@data_option
@json_option
def list_sessions(url: str, token: str | None, workspace: str | None, data: Path | None, json: bool) -> None:
    """List the sessions that can still be used.

    \b
    Example: needlework session list
    """

    async def local(bus: Any) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(record) for record in await bus.sessions.list()]

    found = either((url, token, workspace), data, lambda client: items(client.get("/api/sessions")), local)
    if json:
        as_json(found)
        return
    columns = {
        "id": "SESSION", "opened_by": "OPENED BY", "permissions": "MAY", "workspaces": "WORKSPACES",
        "created_at": "SINCE", "last_used_at": "LAST USED", "expires_at": "EXPIRES",
    }  # fmt: skip
    table(found, columns, empty="nobody is signed in")


@session.command()
@click.argument("ident", metavar="SESSION_ID")
@connection_options
@data_option
@json_option
def end(url: str, token: str | None, workspace: str | None, ident: str, data: Path | None, json: bool) -> None:
    """End a session: within a second its browser is signed out and its streams are closed.

    \b
    Example: needlework session end k3v9…
    """

    def remote(client: Client) -> None:
        client.call("DELETE", f"/api/sessions/{quoted(ident)}")

    async def local(bus: Any) -> None:
        await bus.sessions.end("cli", ident)

    either((url, token, workspace), data, remote, local)
    if json:
        as_json({"ended": ident})
    else:
        click.echo(f"{ident} is ended")
