"""Who is calling: a name, what it may do, and in which workspaces."""

import msgspec
from needlework.bus.permissions import ALL, Permission


class Principal(msgspec.Struct, frozen=True):
    """One caller. Frozen: what a request may do is settled before any of it runs."""

    name: str
    """`local`, `token:<id>`, `session:<id>`, `system`, `cli`."""
    permissions: frozenset[Permission]
    workspaces: frozenset[int] | None = None
    """The workspaces it may see; None for all, those made later included."""
    token_id: str | None = None
    """The token or session behind it, so that revoking that one can find what it opened."""
    behind: str | None = None
    """Of a session: the name of who opened it, `token:<id>` or `local`. What it hands on comes from there."""

    @property
    def root(self) -> str:
        """The name of the principal whose rights these are."""
        return self.behind or self.name

    def may(self, permission: Permission) -> bool:
        """Whether it holds `permission`. Writing implies nothing else, not even reading."""
        return permission in self.permissions

    def sees(self, workspace: int) -> bool:
        """Whether workspace number `workspace` is one of its own."""
        return self.workspaces is None or workspace in self.workspaces

    def covers(self, permissions: frozenset[Permission], workspaces: frozenset[int] | None) -> bool:
        """Whether it may hand out these rights: nobody grants more than they hold."""
        if not permissions <= self.permissions:
            return False
        return self.workspaces is None or (workspaces is not None and workspaces <= self.workspaces)


class Requester(msgspec.Struct, frozen=True):
    """A principal and the request that it made, for the log."""

    principal: Principal
    request_id: str | None = None
    origin: str | None = None
    """The address that the request came from."""


By = Requester | Principal | str
"""Who makes a change: as much of it as is known."""


def name_of(by: By) -> str:
    """The name of whoever makes a change."""
    if isinstance(by, Requester):
        return by.principal.name
    return by.name if isinstance(by, Principal) else by


LOCAL = Principal("local", ALL)
"""Whoever reaches a loopback server without presenting anything: its owner."""

SYSTEM = Principal("system", ALL)
"""The service itself: schedules, handlers, start-up."""

CLI = Principal("cli", ALL)
"""The command line, run by someone who can read the data directory anyway."""
