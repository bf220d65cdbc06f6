"""Refuse and discard: what the caller did wrong is answered at once, what is moot ends quietly."""

from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import Discard, Refuse
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio


class Close(Message[None], topic="demo.close"):
    """Close a case."""

    case: str


@subscribe(Close, runner="cases")
async def close(message: Close, ctx: Context) -> None:
    """There is one case, and it is closed."""
    if message.case != "c1":
        raise Refuse(404, "not_found", f"no case {message.case!r}")
    raise Discard("it is closed already")


POLICIES = {
    "runners": {"cases": {"description": "Cases"}},
    "topics": {"demo.close": {"summary": "Close", "permission": "permissionWorkspacesWrite", "reply": "result"}},
}


async def test_a_refusal_is_the_outcome_and_is_not_retried(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(close, policies=POLICIES), tmp_path) as bus:
        receipt, outcome = await bus.request(Publication(message=Close("c2"), workspace=here), timeout=10)
        assert outcome is not None
        assert outcome.kind == "refused"
        assert outcome.data == {"status": 404, "code": "not_found", "detail": "no case 'c2'"}
        found = await bus.message(here, receipt.id)
        assert (found["state"], found["attempts"]) == ("refused", [])


async def test_what_is_discarded_ends_as_a_result_that_says_why(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(close, policies=POLICIES), tmp_path) as bus:
        _, outcome = await bus.request(Publication(message=Close("c1"), workspace=here), timeout=10)
        assert outcome is not None
        assert (outcome.kind, outcome.data) == ("result", {"discarded": "it is closed already"})
