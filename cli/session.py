"""`needlework session`: who is signed in in a browser, and ending that."""

from pathlib import Path

import click
from needlework.cli.client import quoted
from needlework.cli.local import ended, listed
from needlework.cli.options import connection_options, data_option
from needlework.cli.show import as_json, json_option, table


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
    found = listed((url, token, workspace), data, "/api/sessions", lambda bus: bus.sessions.list())
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
    path, told = f"/api/sessions/{quoted(ident)}", ("ended", ident)
    ended((url, token, workspace), data, path, lambda bus: bus.sessions.end("cli", ident), told, json)
