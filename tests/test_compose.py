"""The composition: what a server makes for itself at its first start."""

from pathlib import Path
from typing import Any

import pytest
from needlework.bus.registry import Registry
from needlework.bus.testing import running_bus
from needlework.compose import _first_token
from needlework.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("option", [{"require_token": True}, {"host": "0.0.0.0"}])
async def test_a_server_that_asks_for_tokens_makes_the_first_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: dict[str, Any]
) -> None:
    settings = Settings(data=tmp_path, **option)
    async with running_bus(Registry.of(policies={}), tmp_path / "data") as bus:
        await _first_token(bus, settings)
        text = next(word for word in capsys.readouterr().out.split() if word.startswith("nw_"))
        assert await bus.tokens.check(text) is not None
        await _first_token(bus, settings)
        assert capsys.readouterr().out == ""


async def test_a_server_for_its_owner_alone_needs_none(tmp_path: Path) -> None:
    async with running_bus(Registry.of(policies={}), tmp_path / "data") as bus:
        await _first_token(bus, Settings(data=tmp_path))
        assert await bus.tokens.list() == []
