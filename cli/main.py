"""`needlework`: the root command. Groups are imported when they are called, so that each starts fast."""

import importlib
from typing import Any

import click

_COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init:init", "Write a settings file with the defaults."),
    "serve": ("serve:serve", "Run the API and the runners."),
    "worker": ("worker:worker", "Run the runners alone, beside others."),
    "supervise": ("supervise:supervise", "Keep an API and some workers running."),
    "publish": ("publish:publish", "Publish a message on a topic."),
    "watch": ("watch:watch", "Follow a message until it has ended."),
    "messages": ("messages:messages", "List, show, explain, cancel and retry messages."),
    "dead": ("dead:dead", "List, show, redrive and purge dead letters."),
    "topics": ("topics:topics", "List the topics and where they come from."),
    "runners": ("topics:runners", "List the runners and what waits for them."),
    "tick": ("tick:tick", "Process what is due now."),
    "pause": ("hold:pause", "Hold a runner or a topic."),
    "resume": ("hold:resume", "Let a runner or a topic go on."),
    "import": ("importing:import_files", "Read files into the workspace."),
    "audit": ("audit:audit", "Show who changed what."),
    "workspace": ("workspace:workspace", "Create, list and configure workspaces."),
    "token": ("token:token", "Create, list and revoke access tokens."),
    "login": ("login:login", "Print a link that signs a browser in."),
    "session": ("session:session", "List and end the sessions of browsers."),
    "backup": ("backup:backup", "Copy the database, whether it is served or not."),
    "restore": ("backup:restore", "Put a backup into a new data directory."),
    "doctor": ("doctor:doctor", "Look at the disk, the clock, the files and the server."),
    "check": ("check:check", "Validate settings, topics and plug-ins without starting."),
    "completion": ("completion:completion", "Print what makes a shell complete commands."),
    "version": ("version:version", "Print the version."),
}
"""Name -> (module:attribute below needlework.cli, one line of help)."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"needlework.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from needlework.bus.topicfile import nearest

            ctx.fail(f"no command {args[0]!r}{nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="needlework", prog_name="needlework")
def main() -> None:
    """A self-hosted, event-driven back end.

    \b
    Start it:          needlework serve --demo
    Publish:           needlework publish TOPIC --key id=1 --data '{"a": 1}' --watch
    See what happens:  needlework messages list
    """
