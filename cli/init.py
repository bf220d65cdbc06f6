"""`needlework init`: a settings file with every setting, what it does and its default, all of it commented out."""

import json as json_text
import os
from pathlib import Path
from typing import Any

import click
import msgspec
from needlework.cli.options import data_option
from needlework.cli.show import Failure, as_json, json_option
from needlework.quantities import Duration, Size
from needlework.settings import FILE, Limits, Settings

_HEAD = """\
# The settings of needlework. Each commented line shows a default, or an example where there is none:
# take the # away and change it. In the environment each has the name NEEDLEWORK_…, as in NEEDLEWORK_PORT=6868 or
# NEEDLEWORK_LIMITS_BODY=2MiB, and wins over this file; flags win over both. `needlework check` tells every mistake.
# Running processes keep what they were started with.
"""
_WORDS = {
    "host": "The address to listen on. Any other than this machine's own requires a token of everybody.",
    "port": "0 takes any that is free.",
    "unix": "A socket to listen on instead of an address, e.g.",
    "require_token": "Refuse requests without a token on this machine too.",
    "allowed_hosts": 'Further names by which the service is called, without scheme and port: ["nw.lan"].',
    "allow_origins": 'Sites whose pages may call it: ["https://nw.lan"].',
    "trust_proxy": "Believe what a proxy says of the caller; only behind one.",
    "public_url": "What people call it behind a proxy, e.g.",
    "outbound_hosts": 'Hosts that may be fetched from although their addresses are private: ["calendar.lan:8080"].',
    "durability": "power: what is acknowledged survives a power cut. process: faster, survives only a crash.",
    "network_file_system": "Start on NFS, SMB and their like, where no promise of durability holds.",
    "grace": "What running handlers get to end when the service stops.",
    "plugins": "Folders of plug-ins, beside plugins/ in the data directory.",
    "skip_broken_plugins": "Start without plug-ins that are wrong, instead of not at all.",
    "log": "auto, console, json",
    "log_level": "debug, info, warning, error",
    "telemetry": "A span for each publish and attempt by OpenTelemetry; needs the extra otel.",
    "idempotency": "How long an Idempotency-Key is remembered.",
    "audit": "How long a line of the log for people is kept.",
    "slack_base_url": "Where Slack's API is.",
    "github_base_url": "Where GitHub's API is.",
    "limits.body": "The largest body of a request,",
    "limits.upload": "of an upload,",
    "limits.message": "of a message,",
    "limits.header_block": "and of a request's headers.",
    "limits.depth": "Levels of JSON in each other.",
    "limits.streams": "Event streams of one workspace.",
    "limits.ready": "Messages of one topic and workspace that wait; beyond it publishers get 429.",
}
"""What each setting does; a test holds them to those that there are."""
_EXAMPLES = {"unix": "needlework.sock", "public_url": "https://nw.lan"}
_LIMITS = """\
# What is refused before any work is done.
[limits]
"""
_SECRETS = """
# Secrets are never written here, only where they are. Of a workspace other than `default`: slack_acme, github_acme.
[secrets]
# slack = { env = "SLACK_TOKEN" }
# github = { file = "/run/secrets/github" }
"""


@click.command()
@data_option
@json_option
def init(data: Path | None, json: bool) -> None:
    """Write needlework.toml with every setting and its default into the data directory, for you to change.

    It is readable by you alone. One that is there is never replaced. The service runs without it too.

    \b
    Example: needlework init --data /srv/needlework
    """
    from needlework.bus.errors import ConfigError
    from needlework.settings import data_directory

    directory = data_directory(data)
    path = directory / FILE
    try:
        _write(path)
    except ConfigError as error:
        raise Failure(f"{path} can't be written", *error.problems) from None
    named = ["--data", str(directory)] if data is not None else []
    steps = [["needlework", command, *named] for command in ("check", "serve")]
    if json:
        as_json({"path": str(path), "next": steps})
        return
    from shlex import join

    click.echo(f"wrote {path}: every setting with its default, commented out")
    click.echo(f"  change what you like, then see whether it is right:  {join(steps[0])}")
    click.echo(f"  and start:  {join(steps[1])}")


def _write(path: Path) -> None:
    """The file, whole or not at all. Raises ConfigError, Failure where one is there."""
    from needlework.bus.errors import ConfigError
    from needlework.bus.files import check_plain, flush_folder, open_plain
    from needlework.compose import make_directory

    # a file of settings may stand anywhere: what the file system promises is asked when data is stored
    make_directory(Settings(data=path.parent, network_file_system=True))
    if check_plain(path) is not None:
        raise Failure(f"{path} is there already; it was left as it is", "edit it, or move it away and try again")
    descriptor = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(settings_text())
            file.flush()
            os.fsync(file.fileno())
        flush_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ConfigError([f"{path}: {error.strerror}"]) from error


def settings_text() -> str:
    """The file as it is written: TOML that sets nothing."""
    own = [_setting(name) for name in _WORDS if not name.startswith("limits.")]
    limits = [_setting(name) for name in _WORDS if name.startswith("limits.")]
    return "\n".join([_HEAD, *own, _LIMITS]) + "".join(limits) + _SECRETS


def _setting(name: str) -> str:
    """Its words, and below them its default or an example."""
    section, _, inner = name.rpartition(".")
    kind = Limits if section else Settings
    default = next(field.default for field in msgspec.structs.fields(kind) if field.name == inner)
    return f"# {_WORDS[name]}\n# {inner} = {_toml(_EXAMPLES[name] if default is None else default)}\n"


def _toml(value: Any) -> str:
    return json_text.dumps(value.text if isinstance(value, Duration | Size) else value)
