"""The public words of issues on GitHub."""

from typing import Annotated, Literal

import msgspec
from needlework.bus.messages import Message

Repository = Annotated[str, msgspec.Meta(max_length=140, pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9_.-]+$")]


class OpenIssue(Message[dict[str, str]], topic="github.open_issue", key=("id",), kw_only=True):
    """Open an issue. `id` is the asker's own and names it: the same is never opened twice; a failed one goes again."""

    id: str
    repository: Repository
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    body: Annotated[str, msgspec.Meta(max_length=60_000)] = ""


class IssueSettled(Message[None], topic="github.issue_settled", key=("id",), kw_only=True):
    """What became of an issue that was asked for. A fact; `reference` is `owner/name#number`."""

    id: str
    status: Literal["opened", "failed"]
    reference: str | None = None
    url: str | None = None
    error: str | None = None
