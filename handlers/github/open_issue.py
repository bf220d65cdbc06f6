"""Open an issue on GitHub: once, whatever happens in between.

What is about to be asked of GitHub is committed before it is asked. Whoever finds such a mark later (after a crash, a
time-out, an answer that broke off) looks for the issue among the repository's newest, by the mark in its text, before
it asks again.
"""

from pathlib import Path
from typing import Any

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError, Retry
from needlework.bus.peers import Peer
from needlework.bus.sql import Queries
from needlework.bus.subscriptions import subscribe
from needlework.handlers.github import client
from needlework.handlers.github.messages import IssueSettled, OpenIssue
from needlework.handlers.net.outcomes import Limited, Refused, Unknown, Unsent

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any
SETTLE = 15 * SECOND
"""Microseconds after an attempt of unknown outcome until its issue is looked for: it may still be arriving."""
MOST = 10
"""Attempts in a row that may fail before a person has to look at it."""
FIRST, LONGEST = 5.0, 900.0
"""Seconds until the second attempt, doubled for each that follows; seconds at most."""


@subscribe(OpenIssue, runner="github")
async def open_issue(message: OpenIssue, ctx: Context) -> dict[str, str]:
    """Bring one issue to its end; one that was opened stays as it is."""
    row = await _row(message, ctx)
    if row["status"] == "opened":
        return _tell(ctx, row, row["number"], row["url"])
    peer, problem = _peer(ctx)
    if peer is None:
        return _fail(ctx, row, problem, row["asked_at"])
    try:
        if row["asked_at"]:
            found = await _look(ctx, peer, row)
            if found is not None:
                return _opened(ctx, row, found)
        row = await _begin(ctx, row, message.repository)
        place = (message.repository, message.id, message.title, message.body)
        return _opened(ctx, row, await client.create(peer, *place, ctx.now))
    except Refused as refused:
        return _fail(ctx, row, str(refused), 0)
    except Limited as limited:
        await _trouble(ctx, row, str(limited), 0, row["attempts"])
        raise Retry(str(limited), after=limited.seconds) from None
    except Unsent as unsent:
        return await _again(ctx, row, str(unsent), 0)
    except Unknown as unknown:
        return await _again(ctx, row, str(unknown), row["asked_at"])


async def _row(message: OpenIssue, ctx: Context) -> Row:
    """What is known of the issue; made where nothing is."""
    values = {"workspace": ctx.workspace.id, "id": message.id}
    row = await ctx.db.one(sql("issue", **values))
    if row is None:
        ctx.write(sql("insert_issue", repository=message.repository, now=ctx.now, **values))
        await ctx.commit()
        row = await ctx.db.one(sql("issue", **values))
    return row


def _peer(ctx: Context) -> tuple[Peer | None, str]:
    """GitHub, or why it cannot be asked."""
    peer = ctx.peer("github")
    if peer is None:
        name = "github" if ctx.workspace.name == "default" else f"github_{ctx.workspace.name}"
        told = f'needlework.toml has no token; write [secrets] {name} = {{ env = "GITHUB_TOKEN" }}'
        return None, f"not_configured: {told}"
    try:
        peer.secret()
    except ConfigError as error:
        return None, f"not_configured: {error.detail}"
    return peer, ""


async def _begin(ctx: Context, row: Row, repository: str) -> Row:
    """Commit that GitHub is asked from now on."""
    now = ctx.now
    values = {"repository": repository, "seen": row["attempts"], "asked_at": row["asked_at"]}
    ctx.write(sql("begin", 1, workspace=ctx.workspace.id, id=row["id"], now=now, **values))
    await ctx.commit()
    return {**dict(row), "repository": repository, "asked_at": now}


async def _look(ctx: Context, peer: Peer, row: Row) -> client.Issue | None:
    """What became of an attempt of unknown outcome. Raises Retry while it may still be arriving, Unknown."""
    wait = row["asked_at"] + SETTLE - ctx.now
    if 0 < wait <= SETTLE:
        raise Retry("the issue may still be arriving", after=wait / SECOND)
    try:
        return await client.find(peer, row["repository"], row["id"], row["asked_at"], ctx.now)
    except (Refused, Unsent) as error:
        raise Unknown(f"its outcome is unknown, and the list cannot be read: {error}") from None
    except Limited as limited:
        await _trouble(ctx, row, str(limited), row["asked_at"], row["attempts"])
        raise Retry(str(limited), after=limited.seconds) from None


async def _again(ctx: Context, row: Row, error: str, asked_at: int) -> dict[str, str]:
    """Try again later; after too many times a person has to look. What is unknown stays noted."""
    attempts = row["attempts"] + 1
    if attempts >= MOST:
        return _fail(ctx, row, f"given up after {attempts} attempts: {error}", asked_at)
    await _trouble(ctx, row, error, asked_at, attempts)
    raise Retry(error, after=min(LONGEST, FIRST * 2.0 ** (attempts - 1)))


async def _trouble(ctx: Context, row: Row, error: str, asked_at: int, attempts: int) -> None:
    ctx.write(_sql(ctx, "note_trouble", row, 1, error=error, asked_at=asked_at, attempts=attempts))
    await ctx.commit()


def _opened(ctx: Context, row: Row, found: client.Issue) -> dict[str, str]:
    ctx.write(_sql(ctx, "opened", row, 1, number=found.number, url=found.url))
    ctx.audit("github.opened", f"{row['repository']}#{found.number}", row["id"])
    return _tell(ctx, row, found.number, found.url)


def _tell(ctx: Context, row: Row, number: int, url: str | None) -> dict[str, str]:
    reference = f"{row['repository']}#{number}"
    ctx.publish(IssueSettled(id=row["id"], status="opened", reference=reference, url=url))
    return {"status": "opened", "reference": reference}


def _fail(ctx: Context, row: Row, error: str, asked_at: int) -> dict[str, str]:
    ctx.write(_sql(ctx, "failed", row, 1, error=error, asked_at=asked_at))
    ctx.audit("github.failed", row["repository"], f"{error}: {row['id']}")
    ctx.tell("github.failed", id=row["id"], repository=row["repository"], error=error)
    ctx.publish(IssueSettled(id=row["id"], status="failed", error=error))
    return {"status": "failed", "error": error}


def _sql(ctx: Context, name: str, row: Row, expect: int, **values: Any) -> Any:
    """A statement on one issue, which must change it."""
    return sql(name, expect, workspace=ctx.workspace.id, id=row["id"], now=ctx.now, **values)
