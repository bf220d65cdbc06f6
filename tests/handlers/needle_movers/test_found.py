"""Needle movers are found by what was said of them."""

from typing import Any

import pytest
from needlework.handlers.needle_movers.messages import DecideEvidence
from needlework.tests.handlers.needle_movers.kit import emerged, evidence, movers

pytestmark = pytest.mark.anyio


async def test_a_needle_mover_is_found_by_its_evidence_but_not_by_what_a_person_rejected(desk: Any, say: Any) -> None:
    """The search knew titles and summaries alone: the words of a quote that stood on its card found nothing."""
    mover = await emerged(desk, say)
    assert [each["id"] for each in await movers(desk, q="crash many")] == [mover["id"]]
    assert await movers(desk, q="crash nowhere") == []
    (crash,) = [each for each in await evidence(desk, mover["id"]) if "crashes" in each["span"]["quote"]]
    await desk(DecideEvidence(id=mover["id"], evidence_id=crash["id"], state="rejected"))
    await desk.drain()
    assert await movers(desk, q="crash many") == []
