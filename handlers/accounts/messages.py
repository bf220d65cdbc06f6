"""The public words of accounts and contacts."""

from typing import Annotated, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Saved, Search
from needlework.handlers.times import Time, check_times
from needlework.handlers.words import check_id

Name = Annotated[str, msgspec.Meta(max_length=500)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Money = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class AccountInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer. `id` is your own `acct_…`; `external_id` upserts; `domains` link conversations."""

    id: str | None = None
    external_id: ExternalId | None = None
    name: Name | None = None
    domains: list[str] = []
    mrr: Money | None = None
    plan: str | None = None
    owner_id: str | None = None
    status: str | None = None
    churned_at: Time = None

    def __post_init__(self) -> None:
        check_account(self)


def check_account(given: AccountInput) -> None:
    """Raise ValueError for an account that cannot be told from others, or with a wrong id or time."""
    check_id("acct", given.id)
    check_times(churned_at=given.churned_at)
    if not (given.id or given.external_id or given.name):
        raise ValueError("an account needs at least one of name, external_id, id")


class IngestAccount(AccountInput, Message[Saved | list[Saved]], topic="account.ingest", frozen=True, kw_only=True):
    """Take in one account, or several as `items` (over HTTP: a list body)."""

    items: list[AccountInput] | None = None

    def __post_init__(self) -> None:
        if self.items is None:
            check_account(self)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account, as stored."""

    id: str
    external_id: str | None
    name: str
    domains: list[str]
    mrr: float | None
    plan: str | None
    owner_id: str | None
    status: str
    churned_at: str | None
    created_at: str
    updated_at: str


class ReadAccount(Message[Account], topic="account.read"):
    """One account."""

    id: str


class ListAccounts(Message[Page[Account]], topic="account.list", kw_only=True):
    """Accounts, the newest first, or by name, or by revenue (the greatest first); `q` searches names and domains."""

    q: Search | None = None
    order: Literal["newest", "name", "revenue"] = "newest"
    limit: Limit = 50
    cursor: str | None = None


class FindAccounts(Message[list[str | None]], topic="account.find"):
    """The accounts that groups of people belong to by their addresses, for other groups: one answer a group."""

    people: list[list[str]]


class ResolveAccount(Message[str], topic="account.resolve"):
    """The id of the account that an id or an external id names, for other groups; of an unknown one what was given."""

    account_id: str


class ContactInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person at an account (`account_id`: its id or external id).

    `id` is your own `user_…`; `external_id`, else a known e-mail, upserts.
    """

    id: str | None = None
    external_id: ExternalId | None = None
    account_id: str | None = None
    emails: list[str] = []
    name: Name | None = None
    status: str | None = None
    last_seen_at: Time = None

    def __post_init__(self) -> None:
        check_contact(self)


def check_contact(given: ContactInput) -> None:
    """Raise ValueError for a contact that cannot be told from others, or with a wrong id or time."""
    check_id("user", given.id)
    check_times(last_seen_at=given.last_seen_at)
    if not (given.id or given.external_id or given.emails):
        raise ValueError("a user needs at least one of emails, external_id, id")


class IngestContact(ContactInput, Message[Saved | list[Saved]], topic="user.ingest", frozen=True, kw_only=True):
    """Take in one contact, or several as `items` (over HTTP: a list body)."""

    items: list[ContactInput] | None = None

    def __post_init__(self) -> None:
        if self.items is None:
            check_contact(self)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, as stored."""

    id: str
    external_id: str | None
    account_id: str | None
    emails: list[str]
    name: str
    status: str
    last_seen_at: str | None
    created_at: str
    updated_at: str


class ListContacts(Message[Page[Contact]], topic="user.list", kw_only=True):
    """Contacts, the newest first; `q` searches names and addresses."""

    q: Search | None = None
    account_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None
