"""`needlework workspace`: who owns the data, and how each workspace is configured."""

from pathlib import Path
from typing import Any

import click
from needlework.cli.client import Client
from needlework.cli.local import either
from needlework.cli.options import connection_options, data_option, parse_json
from needlework.cli.show import Failure, as_json, cell, fields, items, json_option, table

_CONFIG = "/api/workspace/config"


@click.group()
def workspace() -> None:
    """Create, list and configure workspaces.

    \b
    Example: needlework workspace create acme
    """


@workspace.command("list")
@connection_options
@data_option
@json_option
def list_workspaces(url: str, token: str | None, workspace: str | None, data: Path | None, json: bool) -> None:
    """List the workspaces that you may see.

    \b
    Example: needlework workspace list --json
    """

    async def local(bus: Any) -> list[dict[str, Any]]:
        return list(await bus.workspaces.list())

    found = either((url, token, workspace), data, lambda client: items(client.get("/api/workspaces")), local)
    if json:
        as_json(found)
    else:
        table(found, {"name": "WORKSPACE", "created_at": "CREATED"}, empty="no workspaces")


@workspace.command()
@click.argument("name")
@connection_options
@data_option
@json_option
def create(url: str, token: str | None, workspace: str | None, name: str, data: Path | None, json: bool) -> None:
    """Create workspace NAME.

    \b
    Example: needlework workspace create acme
    """

    def remote(client: Client) -> str:
        return str(client.post("/api/workspaces", {"name": name})["name"])

    async def local(bus: Any) -> str:
        return str((await bus.workspaces.create(name, "cli")).name)

    made = either((url, token, workspace), data, remote, local)
    if json:
        as_json({"name": made})
    else:
        click.echo(f"workspace {made} created; a token for it: needlework token create NAME --for {made}")


@workspace.command()
@click.argument("name", required=False)
@connection_options
@data_option
@json_option
def show(url: str, token: str | None, workspace: str | None, name: str | None, data: Path | None, json: bool) -> None:
    """Show workspace NAME, or the current one, with its configuration.

    \b
    Example: needlework workspace show acme
    """
    wanted = name or workspace

    def remote(client: Client) -> dict[str, Any]:
        return {"name": client.get("/api/workspace")["name"], "config": _unwrap(client.get(_CONFIG))}

    async def local(bus: Any) -> dict[str, Any]:
        found = await _named(bus, wanted)
        return {"name": found.name, "config": await bus.workspaces.config(found)}

    value = either((url, token, wanted), data, remote, local)
    if json:
        as_json(value)
    else:
        fields({"name": value["name"], **_flat(value["config"])})


@workspace.group()
def config() -> None:
    """Read and change a workspace's configuration.

    \b
    Example: needlework workspace config get tick.disable
    """


@config.command("get")
@click.argument("setting", required=False)
@connection_options
@data_option
@json_option
def get_config(
    url: str, token: str | None, workspace: str | None, setting: str | None, data: Path | None, json: bool
) -> None:
    """Print the configuration, or one SETTING of it.

    \b
    Example: needlework workspace config get timezone
    """

    async def read(bus: Any) -> dict[str, Any]:
        return dict(await bus.workspaces.config(await _named(bus, workspace)))

    found = either((url, token, workspace), data, lambda client: _unwrap(client.get(_CONFIG)), read)
    if setting is not None:
        flat = _flat(found)
        if setting not in flat:
            raise Failure(f"no setting {setting!r}", f"there are: {', '.join(flat)}")
        found = flat[setting]
    if json:
        as_json(found)
    elif isinstance(found, dict):
        fields(_flat(found))
    else:
        click.echo(cell(found))


@config.command("set")
@click.argument("setting")
@click.argument("value")
@connection_options
@data_option
@json_option
def set_config(
    url: str,
    token: str | None,
    workspace: str | None,
    setting: str,
    value: str,
    data: Path | None,
    json: bool,
) -> None:
    """Set SETTING to VALUE (JSON, or plain text).

    \b
    Examples:
      needlework workspace config set timezone Europe/Berlin
      needlework workspace config set tick.disable true
    """
    new = _value(value)

    def remote(client: Client) -> dict[str, Any]:
        changed = _changed(_unwrap(client.get(_CONFIG)), setting, new)
        return _unwrap(client.call("PUT", _CONFIG, body=changed))

    async def local(bus: Any) -> dict[str, Any]:
        found = await _named(bus, workspace)
        changed = _changed(await bus.workspaces.config(found), setting, new)
        return dict(await bus.workspaces.set_config(found, changed, "cli"))

    result = either((url, token, workspace), data, remote, local)
    if json:
        as_json(result)
    else:
        fields(_flat(result))


async def _named(bus: Any, name: str | None) -> Any:
    found = await bus.workspaces.get(name or "default")
    if found is None:
        raise Failure(f"no workspace {name!r}", "see: needlework workspace list")
    return found


def _value(text: str) -> Any:
    try:
        return parse_json(text, "VALUE")
    except click.UsageError:
        return text


def _unwrap(answer: dict[str, Any]) -> dict[str, Any]:
    """The configuration, whether it stands alone or under `config`."""
    inner = answer.get("config")
    return inner if isinstance(inner, dict) else answer


def _changed(config: dict[str, Any], setting: str, value: Any) -> dict[str, Any]:
    changed = {name: dict(part) if isinstance(part, dict) else part for name, part in config.items()}
    *sections, name = setting.split(".")
    table = changed
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise Failure(f"{setting!r}: {section!r} is a value, not a section")
    table[name] = value
    return changed


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
