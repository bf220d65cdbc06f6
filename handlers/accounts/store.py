"""Accounts and contacts: rows in, statements out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.sql import Queries
from needlework.handlers.accounts.messages import Account, Contact
from needlework.handlers.times import show
from needlework.handlers.upserts import Kind

sql = Queries(Path(__file__).with_name("queries.sql"))
ACCOUNTS = Kind(
    sql,
    "account",
    "acct",
    by_id="find_account_by_id",
    by_external_id="find_account_by_external_id",
    insert="insert_account",
    update="update_account",
)
CONTACTS = Kind(
    sql,
    "contact",
    "user",
    by_id="find_contact_by_id",
    by_external_id="find_contact_by_external_id",
    insert="insert_contact",
    update="update_contact",
)
LATEST = 1 << 62
Row = Any


def joined(row: Row | None, column: str, added: Iterable[str]) -> tuple[str, list[str]]:
    """A JSON list with what is new put behind what is stored, and what is new; each in its one spelling already."""
    known: list[str] = msgspec.json.decode(row[column]) if row is not None else []
    stored = set(known)  # thousands of domains against thousands would hold the loop for seconds
    new = [each for each in dict.fromkeys(added) if each and each not in stored]
    return msgspec.json.encode(known + new).decode(), new


async def account_named(ctx: Context, name: str) -> str:
    """The id of the account with this id or external id; of an unknown one the name itself."""
    row = await ACCOUNTS.find(ctx, name, name)
    return name if row is None else str(row["id"])


def account(row: Row) -> Account:
    """A row of `accounts` as the API shows it."""
    same = {name: row[name] for name in ("id", "external_id", "name", "mrr", "plan", "owner_id", "status")}
    shown: dict[str, Any] = {name: show(row[name]) for name in ("churned_at", "created_at", "updated_at")}
    return Account(**same, **shown, domains=msgspec.json.decode(row["domains"]))


def contact(row: Row) -> Contact:
    """A row of `contacts` as the API shows it."""
    same = {name: row[name] for name in ("id", "external_id", "account_id", "name", "status")}
    shown: dict[str, Any] = {name: show(row[name]) for name in ("last_seen_at", "created_at", "updated_at")}
    return Contact(**same, **shown, emails=msgspec.json.decode(row["emails"]))
