"""Settings: where each comes from, which wins, and that every mistake names its file, line and remedy."""

import os
from pathlib import Path

import pytest
from needlework.bus.errors import ConfigError
from needlework.bus.redacting import redact_text
from needlework.settings import FILE, Settings, data_directory, load_settings


def write(folder: Path, text: str) -> Path:
    """A data directory with this settings file."""
    (folder / FILE).write_text(text)
    return folder


def problems(folder: Path, environ: dict[str, str] | None = None, **flags: object) -> tuple[str, ...]:
    """What loading complains of."""
    with pytest.raises(ConfigError) as caught:
        load_settings(folder, flags, environ or {})
    return caught.value.problems


def test_the_defaults_are_private_and_durable(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={})
    assert (settings.host, settings.port, settings.durability) == ("127.0.0.1", 6767, "power")
    assert not settings.exposed
    assert not settings.token_required
    assert settings.grace.seconds == 30
    assert (settings.limits.body, settings.limits.message, settings.limits.depth) == (1_048_576, 262_144, 64)


def test_flags_win_over_the_environment_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'port = 1\ngrace = "1s"\nlog = "json"\n')
    environ = {"NEEDLEWORK_PORT": "2", "NEEDLEWORK_GRACE": "2s"}
    settings = load_settings(tmp_path, {"port": 3, "grace": None}, environ)
    assert (settings.port, settings.grace.seconds, settings.log) == (3, 2.0, "json")


def test_every_setting_has_a_variable(tmp_path: Path) -> None:
    environ = {
        "NEEDLEWORK_ALLOWED_HOSTS": "nw.lan, other.lan",
        "NEEDLEWORK_TRUST_PROXY": "true",
        "NEEDLEWORK_LIMITS_BODY": "2MiB",
        "NEEDLEWORK_LIMITS_STREAMS": "5",
        "NEEDLEWORK_IDEMPOTENCY": "30d",
        "NEEDLEWORK_PLUGINS": "/srv/one,/srv/two",
        "NEEDLEWORK_URL": "http://elsewhere",
        "OTHER": "untouched",
    }
    settings = load_settings(tmp_path, environ=environ)
    assert settings.allowed_hosts == ("nw.lan", "other.lan")
    assert settings.trust_proxy is True
    assert (settings.limits.body, settings.limits.streams) == (2 * 1024**2, 5)
    assert settings.limits.message == 256 * 1024
    assert settings.idempotency.seconds == 30 * 24 * 3600
    assert settings.plugins == (Path("/srv/one"), Path("/srv/two"))


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, '# ours\nprot = 1\ngrace = 30\n\n[limits]\nbody = "1 parsec"\ndeth = 3\nstreams = 0\n')
    found = problems(tmp_path, {"NEEDLEWORK_PROT": "1"})
    here = tmp_path / FILE
    assert found[0] == f"{here}:2: unknown setting 'prot' (did you mean \"port\"?)"
    assert found[1].startswith(f"{here}:3: grace: write it as text with a unit")
    assert found[2].startswith(f"{here}:6: limits.body: '1 parsec' is not a size")
    assert found[3] == f"{here}:7: unknown setting 'limits.deth' (did you mean \"depth\"?)"
    assert found[4].startswith(f"{here}:8: limits.streams: ")
    assert found[5] == 'environment: unknown setting NEEDLEWORK_PROT (did you mean "NEEDLEWORK_PORT"?)'


def test_a_secret_is_only_ever_a_reference(tmp_path: Path) -> None:
    write(tmp_path, '[secrets]\nslack = "xoxb-very-secret"\n')
    (problem,) = problems(tmp_path)
    assert f"{tmp_path / FILE}:2: secrets.slack" in problem
    assert '{ env = "NAME" }' in problem
    assert "very-secret" not in problem


@pytest.mark.parametrize("address", ["slack.com", "ftp://slack.com/", "https://user@slack.com/", ""])
def test_slacks_address_is_one_of_http(tmp_path: Path, address: str) -> None:
    write(tmp_path, f'slack_base_url = "{address}"\n')
    assert "is not an address" in problems(tmp_path)[0]


def test_a_secret_is_read_from_where_the_reference_points(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    write(tmp_path, f'[secrets]\none = {{ env = "ONE" }}\ntwo = {{ file = "{tmp_path / "key"}" }}\n')
    secrets = load_settings(tmp_path, environ={}).secrets
    assert secrets["one"].read({"ONE": "from the environment"}) == "from the environment"
    assert secrets["two"].read({}) == "from a file"
    with pytest.raises(ConfigError, match="variable ONE is not set"):
        secrets["one"].read({})


def test_a_secret_that_was_read_is_left_out_of_logs_and_dead_letters(tmp_path: Path) -> None:
    write(tmp_path, '[secrets]\none = { env = "ONE" }\n')
    value = load_settings(tmp_path, environ={}).secrets["one"].read({"ONE": "plain words 17"})
    assert redact_text(f"login with {value} failed") == "login with [redacted] failed"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"port": 70_000}, "65535"),
        ({"allow_origins": ["null"]}, "is not an origin"),
        ({"allowed_hosts": ["http://nw.lan:1"]}, "is not a host name"),
        ({"public_url": "nw.lan"}, "is not an origin"),
    ],
)
def test_wrong_flags_say_what_to_write(tmp_path: Path, flags: dict[str, object], says: str) -> None:
    assert says in problems(tmp_path, None, **flags)[0]


@pytest.mark.parametrize(
    ("host", "exposed"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("nw.lan", True)],
)
def test_whoever_can_be_reached_requires_a_token(tmp_path: Path, host: str, exposed: bool) -> None:
    settings = load_settings(tmp_path, {"host": host}, {})
    assert settings.exposed is exposed
    assert settings.token_required is exposed


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, "port = \n"))
    assert problem.startswith(f"{tmp_path / FILE}: not TOML: ")
    assert "line 1" in problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 5000, "nested too deeply"),
        (f'[limits]\nbody = "{"9" * 400}GiB"', "more than a pebibyte"),
        ('grace = "99999999999999999999d"', "more than a thousand years"),
        ("port = 1" + "0" * 30, "port"),
        ("port = 1" + "0" * 5000, "not TOML"),
        ("day = 2026-02-30", "not TOML"),
        ('host = "\N{LATIN SMALL LETTER E WITH ACUTE}"', "not TOML"),
    ],
)
def test_no_settings_file_is_too_strange_for_one_line(tmp_path: Path, text: str, says: str) -> None:
    """Story: depth and overflow ended the start with a traceback."""
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    (problem,) = problems(tmp_path)
    assert says in problem
    assert "\n" not in problem


def test_a_pipe_in_place_of_the_settings_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    assert problems(tmp_path) == (f"{tmp_path / FILE}: is not a file",)


def test_a_demo_never_touches_the_users_directory(tmp_path: Path) -> None:
    assert data_directory(tmp_path, demo=True) == tmp_path / "demo"
    assert data_directory(None, environ={"NEEDLEWORK_DATA": str(tmp_path)}) == tmp_path
    assert data_directory(None, environ={}).name == "needlework"


def test_settings_can_be_made_by_hand_for_tests(tmp_path: Path) -> None:
    assert Settings(data=tmp_path, port=0).port == 0
