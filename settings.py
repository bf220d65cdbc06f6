"""The settings: `needlework.toml` in the data directory, `NEEDLEWORK_…`, flags; every mistake is named.

Precedence: flags, then the environment, then the file, then the defaults below. Secrets are never written to
any of them, only references to them, `{ env = "NAME" }` or `{ file = "path" }`, read at the moment of use.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs
from needlework.bus.errors import ConfigError
from needlework.bus.redacting import learn
from needlework.bus.topicfile import nearest
from needlework.quantities import Duration, Size

FILE = "needlework.toml"
CLIENT_VARIABLES = frozenset({"NEEDLEWORK_URL", "NEEDLEWORK_TOKEN", "NEEDLEWORK_WORKSPACE", "NEEDLEWORK_DATA"})
"""No settings: where the command line finds its server, its token and the data directory."""

_ADDRESSES = {"slack_base_url": "https://slack.com/api/", "github_base_url": "https://api.github.com/"}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+", re.IGNORECASE)
Count = Annotated[int, msgspec.Meta(ge=1)]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reference to a secret; its value is read when it is needed and written nowhere."""

    env: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.env is None) == (self.file is None):
            raise ValueError('a secret is a reference: { env = "NAME" } or { file = "path" }')

    def read(self, environ: Mapping[str, str] = os.environ) -> str:
        """The secret itself. Raises ConfigError, which names the reference, where there is none."""
        if self.env is not None:
            value = environ.get(self.env, "")
            missing = f"the environment variable {self.env} is not set"
        else:
            path = Path(self.file or "")
            missing = f"the secret file {path} cannot be read or is empty"
            try:
                value = path.read_text().strip()
            except (OSError, UnicodeDecodeError):
                value = ""
        if not value:
            raise ConfigError([missing])
        learn(value)
        return value


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Promise P15: what is refused before any work is done."""

    body: Size = Size(1024**2)
    upload: Size = Size(64 * 1024**2)
    message: Size = Size(256 * 1024)
    header_block: Size = Size(32 * 1024)
    depth: Count = 64
    streams: Count = 1_000
    """Event streams of one workspace."""
    ready: Count = 1_000_000
    """Ready messages of one topic and workspace; beyond it outside publishers get 429."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that an installation may choose. Topics and runners have their policy in `topics.toml`."""

    data: Path
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 6767
    unix: Path | None = None
    """A unix socket that is listened on instead of an address and a port."""
    require_token: bool = False
    allowed_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    trust_proxy: bool = False
    public_url: str | None = None
    outbound_hosts: tuple[str, ...] = ()
    """Hosts (`name` or `name:port`) that may be fetched from although their addresses are not public."""
    durability: Literal["power", "process"] = "power"
    """`power`: acknowledged survives a power cut. `process`: faster, survives only a crash of the process."""
    network_file_system: bool = False
    """Start on NFS, SMB and their like, where no promise of durability holds and no lock is sure."""
    grace: Duration = Duration.of("30s")
    """What running handlers get to end when the service stops."""
    plugins: tuple[Path, ...] = ()
    skip_broken_plugins: bool = False
    log: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    telemetry: bool = False
    """Export a span for each publish and each attempt by OpenTelemetry; needs the extra `otel`."""
    limits: Limits = Limits()
    idempotency: Duration = Duration.of("24h")
    """How long an idempotency key is kept after the first acknowledgement."""
    audit: Duration = Duration.of("400d")
    """How long a line of the log for people is kept."""
    slack_base_url: str = "https://slack.com/api/"
    github_base_url: str = "https://api.github.com/"
    secrets: dict[str, Secret] = {}

    @property
    def exposed(self) -> bool:
        """Whether anyone but this machine can connect: decided by our address, never by theirs."""
        if self.unix is not None:
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def token_required(self) -> bool:
        """Whether a request without a token is refused."""
        return self.require_token or self.exposed

    def __post_init__(self) -> None:
        for name, example in _ADDRESSES.items():
            if not re.match(r"https?://[^\s/@]+(/|$)", address := getattr(self, name)):
                raise ValueError(f'{name} {address!r} is not an address, e.g. "{example}"')
        for host in self.allowed_hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f'{host!r} is not a host name; write it without scheme and port, e.g. "nw.lan"')
        for origin in (*self.allow_origins, *([self.public_url] if self.public_url else [])):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f'{origin!r} is not an origin; write scheme, host and port, e.g. "https://nw.lan"')


def data_directory(given: Path | None, *, demo: bool = False, environ: Mapping[str, str] = os.environ) -> Path:
    """The directory given, NEEDLEWORK_DATA, or the platform's. A demo has one of its own inside it."""
    base = given or (Path(environ["NEEDLEWORK_DATA"]) if environ.get("NEEDLEWORK_DATA") else None)
    base = base or Path(platformdirs.user_data_dir("needlework", appauthor=False))
    return (base / "demo" if demo else base).expanduser().absolute()


def load_settings(
    data: Path, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of the data directory `data`. Raises ConfigError with every problem and its line."""
    problems: list[str] = []
    table, lines = _read_file(data / FILE, problems)
    values: dict[str, Any] = {}
    _take(table, Settings, values, (data / FILE, lines), problems)
    _take_environment(environ, values, problems)
    values.update({name: value for name, value in (flags or {}).items() if value is not None})
    if not problems:
        try:
            return msgspec.convert({**values, "data": data}, Settings, dec_hook=_decode)
        except msgspec.ValidationError as error:
            problems.append(f"settings: {_plain(error)}")
    raise ConfigError(problems)


def _read_file(path: Path, problems: list[str]) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        if path.exists() and not path.is_file():
            problems.append(f"{path}: is not a file")
            return {}, {}
        text = path.read_text()
        return tomllib.loads(text), _lines(text)
    except FileNotFoundError:
        return {}, {}
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except RecursionError:
        problems.append(f"{path}: nested too deeply")
    except ValueError as error:  # a date that does not exist, a number of 5,000 digits, bytes that are no text
        problems.append(f"{path}: not TOML: {error}")
    return {}, {}


def _take(
    table: Mapping[str, Any],
    kind: type[msgspec.Struct],
    values: dict[str, Any],
    source: tuple[Path, dict[str, int]],
    problems: list[str],
    prefix: str = "",
) -> None:
    """Check each setting of a table on its own, so that every mistake is told at once."""
    path, lines = source
    fields = {field.name: field.type for field in msgspec.structs.fields(kind) if field.name != "data"}
    for name, value in table.items():
        full = f"{prefix}{name}"
        where = f"{path}:{lines.get(full, 1)}"
        if name not in fields:
            problems.append(f"{where}: unknown setting {full!r}{nearest(name, fields)}")
        elif name == "secrets" and isinstance(value, dict):
            for key, reference in value.items():
                named = f"secrets.{key}"
                _check(reference, Secret, named, f"{path}:{lines.get(named, 1)}", problems)
            values[name] = value
        elif isinstance(value, dict) and isinstance(fields[name], type) and issubclass(fields[name], msgspec.Struct):
            _take(value, fields[name], values.setdefault(name, {}), source, problems, f"{full}.")
        else:
            _check(value, fields[name], full, where, problems)
            values[name] = _relative_paths(name, value, path.parent)


def _check(value: Any, kind: Any, name: str, where: str, problems: list[str], *, strict: bool = True) -> Any:
    try:
        return msgspec.convert(value, kind, dec_hook=_decode, strict=strict)
    except msgspec.ValidationError as error:
        hint = ""
        if name.startswith("secrets"):  # the value may be a secret: it is not repeated
            hint = '; a secret is never written here, only where it is: { env = "NAME" } or { file = "path" }'
        problems.append(f"{where}: {name}: {_plain(error)}{hint}")
        return None


def _take_environment(environ: Mapping[str, str], values: dict[str, Any], problems: list[str]) -> None:
    known = _variables()
    for variable, text in environ.items():
        if not variable.startswith("NEEDLEWORK_") or variable in CLIENT_VARIABLES:
            continue
        if variable not in known:
            problems.append(f"environment: unknown setting {variable}{nearest(variable, known)}")
            continue
        *section, name, kind = known[variable]
        value: Any = [part.strip() for part in text.split(",") if part.strip()] if "tuple" in str(kind) else text
        found = _check(value, kind, variable, "environment", problems, strict=False)
        (values.setdefault(section[0], {}) if section else values)[name] = found


def _variables() -> dict[str, tuple[Any, ...]]:
    """Variable name -> (section, name, type) of every setting but the secrets."""
    known: dict[str, tuple[Any, ...]] = {}
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            for inner in msgspec.structs.fields(field.type):
                known[f"NEEDLEWORK_{field.name}_{inner.name}".upper()] = (field.name, inner.name, inner.type)
        elif field.name not in ("data", "secrets"):
            known[f"NEEDLEWORK_{field.name}".upper()] = (field.name, field.type)
    return known


def _relative_paths(name: str, value: Any, base: Path) -> Any:
    if name == "unix" and isinstance(value, str):
        return str(base / Path(value).expanduser())
    if name == "plugins" and isinstance(value, list):
        return [str(base / item) if isinstance(item, str) else item for item in value]
    return value


def _decode(kind: type, value: Any) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write it as text with a unit, not as {type(value).__name__}")
    if kind in (Duration, Size):
        return kind.of(value)
    return Path(value).expanduser()


def _plain(error: msgspec.ValidationError) -> str:
    """The message without msgspec's path, which says less than the setting's name does."""
    return str(error).split(" - at `$")[0]


def _lines(text: str) -> dict[str, int]:
    """Dotted name of each setting -> its line, as far as a look at the line starts can tell."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[+\s*([\w.\"'-]+)\s*\]", line):
            section = match[1].replace('"', "") + "."
            found.setdefault(section[:-1], number)
        elif match := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            found.setdefault(section + match[1].replace('"', ""), number)
    return found
