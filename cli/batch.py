"""How far a batch is: what the server tells of it, as a bar, as lines, or as JSON."""

from typing import Any

import click
from needlework.cli.client import Client, quoted
from needlework.cli.events import leaving, read_events, shown
from needlework.cli.show import Failure, cell

PREFIX = "batch_"
_BAD = ("dead", "refused")


def follow_batch(client: Client, batch: str, *, json: bool, after: str | None = None) -> None:
    """Show how far `batch` is until all of it has ended. Raises Failure where any of it is dead or refused."""
    state: dict[str, Any] = {}
    with leaving(f"look again with: needlework watch {batch}"), shown(json) as show:
        for number, kind, data in read_events(client, f"/api/internal/batches/{quoted(batch)}", after):
            before, state = state, data if isinstance(data, dict) else {}
            if json or before != state:  # the end of a batch says again how far it is
                show(number, kind if json else "progress", data if json else _progress(state))
    counts = _counts(state, "done", "refused", "dead", "cancelled")
    if bad := _counts(state, *_BAD):
        raise Failure(
            f"{batch} ended with {bad} of {state.get('total')}", f"see: needlework messages list --batch {batch}"
        )
    if not json:
        click.echo(f"{cell(batch)} has ended: {counts or 'nothing was in it'}")


def _progress(state: dict[str, Any]) -> dict[str, Any]:
    """A batch's state in the words of a handler's progress."""
    total = int(state.get("total", 0))
    note = _counts(state, "refused", "dead", "cancelled")
    return {"done": total - int(state.get("waiting", 0)), "of": total, "note": note or "messages"}


def _counts(state: dict[str, Any], *names: str) -> str:
    return ", ".join(f"{state[name]} {name}" for name in names if state.get(name))
