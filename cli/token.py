"""`needlework token`: who may call, what, and for how long. A token's text is shown once and never kept."""

import time
from pathlib import Path
from typing import Any, cast

import click
import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.durations import parse_duration
from needlework.bus.permissions import ALL, READ, TASKS_WRITE, WORKSPACES_WRITE, Permission
from needlework.cli.client import Client, quoted
from needlework.cli.local import either, ended, listed
from needlework.cli.options import connection_options, data_option
from needlework.cli.show import Failure, as_json, json_option, table

_WORDS: dict[str, Permission] = {"read": READ, "write": WORKSPACES_WRITE, "tasks": TASKS_WRITE}


@click.group()
def token() -> None:
    """Create, list and revoke access tokens.

    \b
    Example: needlework token create laptop --may read --expires 90d
    """


@token.command()
@click.argument("name")
@click.option("--may", multiple=True, type=click.Choice(list(_WORDS)), help="What it may do; everything if left out.")
@click.option("--for", "spaces", multiple=True, metavar="WORKSPACE", help="For which workspaces; all if left out.")
@click.option("--expires", metavar="DURATION", help='How long it lives, for example "90d".')
@connection_options
@data_option
@json_option
def create(
    url: str,
    token: str | None,
    workspace: str | None,
    name: str,
    may: tuple[str, ...],
    spaces: tuple[str, ...],
    expires: str | None,
    data: Path | None,
    json: bool,
) -> None:
    """Create a token called NAME and print it once.

    \b
    Examples:
      needlework token create laptop
      needlework token create dashboard --may read --for acme --expires 90d
    """
    permissions = frozenset(_WORDS[word] for word in may) or ALL
    expires_at = _expiry(expires)

    def remote(client: Client) -> dict[str, Any]:
        body: dict[str, Any] = {"name": name, "permissions": sorted(permissions)}
        if spaces:
            body["workspaces"] = list(spaces)
        if expires_at is not None:
            body["expires_at"] = rfc3339(expires_at)
        return cast(dict[str, Any], client.post("/api/tokens", body))

    async def local(bus: Any) -> dict[str, Any]:
        ids = frozenset([await _id(bus, space) for space in spaces]) if spaces else None
        text, record = await bus.tokens.create(name, permissions, ids, expires_at, "cli")
        return {"token": text, **msgspec.to_builtins(record)}

    made = either((url, token, workspace), data, remote, local)
    if json:
        as_json(made)
    else:
        click.echo(made["token"])
        click.echo("keep it: it is shown only now. Use it as NEEDLEWORK_TOKEN or Authorization: Bearer …", err=True)


@token.command("list")
@connection_options
@data_option
@json_option
def list_tokens(url: str, token: str | None, workspace: str | None, data: Path | None, json: bool) -> None:
    """List the tokens, without their text.

    \b
    Example: needlework token list
    """
    found = listed((url, token, workspace), data, "/api/tokens", lambda bus: bus.tokens.list())
    if json:
        as_json(found)
        return
    columns = {
        "id": "TOKEN", "name": "NAME", "permissions": "MAY", "workspaces": "WORKSPACES",
        "expires_at": "EXPIRES", "last_used_at": "LAST USED", "revoked_at": "REVOKED",
    }  # fmt: skip
    table(found, columns, empty="no tokens")


@token.command()
@click.argument("ident", metavar="TOKEN_ID")
@connection_options
@data_option
@json_option
def revoke(url: str, token: str | None, workspace: str | None, ident: str, data: Path | None, json: bool) -> None:
    """Revoke a token: within a second nothing accepts it and its streams are closed.

    \b
    Example: needlework token revoke k3v9…
    """
    path, told = f"/api/tokens/{quoted(ident)}", ("revoked", ident)
    ended((url, token, workspace), data, path, lambda bus: bus.tokens.revoke(ident, "cli"), told, json)


def _expiry(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return time.time_ns() // 1000 + parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--expires: {error}") from None


async def _id(bus: Any, name: str) -> int:
    found = await bus.workspaces.get(name)
    if found is None:
        raise Failure(f"no workspace {name!r}", "see: needlework workspace list")
    return int(found.id)
