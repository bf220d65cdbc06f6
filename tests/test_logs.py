"""Logs: ours and the libraries' lines in one form, and no secret in any of them."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from needlework import logs

TOKEN = f"nw_01ABC_{'x' * 43}"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What went to standard error, line by line."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_lines_and_the_libraries_lines_are_json_of_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json")
    structlog.get_logger().info("published", topic="a.b")
    logging.getLogger("somebody.else").info("started on %d", 6767)
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["topic"], ours["level"]) == ("published", "a.b", "info")
    assert (theirs["event"], theirs["level"]) == ("started on 6767", "info")
    assert str(ours["timestamp"]).endswith("Z")


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("httpx2").debug("headers")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets_are_redacted_by_name_by_look_and_in_tracebacks(
    style: "logs.Style", capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(style)
    log = structlog.get_logger()
    log.info("in", headers={"Authorization": "opensesame", "cookie": "opensesame"}, password="opensesame")
    log.info(f"presented {TOKEN}", url="https://ann:opensesame@host/x?ticket=opensesame&y=1")
    try:
        raise RuntimeError(f"Bearer {TOKEN}")
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("library").exception("failed with Bearer opensesame")
    text = capsys.readouterr().err
    assert "opensesame" not in text
    assert TOKEN not in text
    assert text.count(logs.REDACTED) >= 7
    assert "RuntimeError" in text


def test_who_a_token_is_stays_readable() -> None:
    assert logs.redact(None, "info", {"event": "revoked", "token_id": "01ABC"})["token_id"] == "01ABC"
