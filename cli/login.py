"""`needlework login`: a link that signs a browser in."""

import click
from needlework.cli.client import Client, quoted
from needlework.cli.options import connected
from needlework.cli.show import Failure, as_json, json_option


@click.command()
@json_option
@connected
def login(client: Client, json: bool) -> None:
    """Print a link that signs a browser in with your rights. It works once, within a minute.

    The browser must reach the server by the address that you name with --url.

    \b
    Examples:
      needlework login
      needlework login --url https://needlework.example --token nw_…
    """
    if client.url.startswith("unix:"):
        raise Failure("a browser opens no unix socket", "name the address that it reaches: --url or NEEDLEWORK_URL")
    ticket = client.post("/api/tickets")["ticket"]
    link = f"{client.url.rstrip('/')}/login?ticket={quoted(ticket)}"
    if json:
        as_json({"url": link})
    else:
        click.echo(link)
