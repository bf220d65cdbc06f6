"""What the tests of needle movers share: three accounts that say the same, and short ways to ask."""

from typing import Any

import numpy as np
from needlework.handlers.needle_movers.crowd import Crowd
from needlework.handlers.needle_movers.messages import ListEvidence, ListNeedleMovers

Desk = Any

EXPORTS = (
    ("acme", "The CSV export fails with an error whenever there are more than 1,000 rows."),
    ("blue", "CSV export crashes with an error as soon as the table has many rows."),
    ("cato", "We can't export to CSV: the export stops with an error for large tables."),
)


async def movers(desk: Desk, **fields: Any) -> list[dict[str, Any]]:
    """The needle movers of a list."""
    found: list[dict[str, Any]] = (await desk(ListNeedleMovers(**fields)))["items"]
    return found


async def evidence(desk: Desk, mover: str, **fields: Any) -> list[dict[str, Any]]:
    """The evidence of one."""
    found: list[dict[str, Any]] = (await desk(ListEvidence(id=mover, **fields)))["items"]
    return found


async def emerged(desk: Desk, say: Any) -> dict[str, Any]:
    """A needle mover of three accounts."""
    for account, text in EXPORTS:
        await say(account, text)
    (found,) = await movers(desk)
    return found


def shown(crowd: Crowd) -> dict[str, Any]:
    """Everything that a verdict depends on."""
    found = {}
    for at, each in crowd.placed():
        examples = {span: np.round(vector, 5).tolist() for span, vector in each.examples.items()}
        sets = (each.accounts, each.confirmed, each.rejected)
        found[each.id] = (each.title, each.kind, sorted(each.words), each.rules, examples, *map(sorted, sets))
        assert np.allclose(crowd.middles()[at], each.middle)
    return found
