"""The composition: what a server makes for itself at its first start."""

from pathlib import Path
from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import TooLarge
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus
from needlework.compose import _first_token, open_bus
from needlework.settings import Settings, load_settings
from needlework.tests.bus import kit

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


class Parcel(Message[None], topic="t.parcel"):
    """Of some size."""

    text: str


@subscribe(Parcel, runner="r")
async def carry(message: Parcel, ctx: Context) -> None:
    """Nothing."""


@pytest.mark.parametrize(("limit", "fits"), [("1KiB", 1000), ("1MiB", 1_000_000)])
async def test_p15_the_size_of_a_message_is_what_the_settings_say(tmp_path: Path, limit: str, fits: int) -> None:
    (tmp_path / "needlework.toml").write_text(f'[limits]\nmessage = "{limit}"\n')
    async with open_bus(load_settings(tmp_path, environ={}), registry=kit.registry(carry)) as bus:
        await kit.publish(bus, Parcel("x" * fits))
        with pytest.raises(TooLarge):
            await bus.publish(Publication(message=Parcel("x" * fits * 2), workspace=kit.DEFAULT))
