"""`needlework tick`: process what is due now, of one runner or of all."""

import click
from needlework.cli.client import Client, quoted
from needlework.cli.options import connected
from needlework.cli.show import as_json, fields, json_option, table

_EXAMPLE = "conversation_note_analysis_processor"


@click.command()
@click.argument("runner", required=False)
@click.option("-n", "--messages", type=click.IntRange(1, 10_000), help="At most so many messages (of one RUNNER).")
@json_option
@connected
def tick(client: Client, runner: str | None, messages: int | None, json: bool) -> None:
    """Process what is due now: of RUNNER, or start every runner that has something due.

    \b
    Examples:
      needlework tick
      needlework tick conversation_note_analysis_processor -n 500
    """
    if runner is None:
        if messages is not None:
            raise click.UsageError(f"-n needs a RUNNER, for example: needlework tick {_EXAMPLE} -n 500")
        answer = client.post("/api/tick/runners")
    else:
        body = {"options": {"messages_to_process": messages}} if messages is not None else {}
        answer = client.post(f"/api/internal/runner/{quoted(runner)}/run", body)
    if json:
        as_json(answer)
    elif runner is None:
        rows = [{"runner": name, "started": started} for name, started in answer.items()]
        table(rows, {"runner": "RUNNER", "started": "STARTED"}, empty="no runners")
    else:
        fields(answer)
