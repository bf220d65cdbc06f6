"""Upsert of plain things (accounts, contacts, meetings): stated fields replace, what is left out stays."""

from collections.abc import Mapping
from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.answers import Saved


class Kind:
    """One kind of thing: its word for people, its prefix of ids, its queries."""

    def __init__(
        self,
        sql: Queries,
        noun: str,
        prefix: str,
        *,
        by_id: str,
        by_external_id: str,
        insert: str,
        update: str,
    ) -> None:
        self.sql, self.noun, self.prefix = sql, noun, prefix
        self.by_id, self.by_external_id, self.insert, self.update = by_id, by_external_id, insert, update

    async def find(self, ctx: Context, id: str | None, external_id: str | None) -> Any:
        """The stored row that an id or an external id means, or None."""
        workspace = ctx.workspace.id
        if id is not None:
            row = await ctx.db.one(self.sql(self.by_id, workspace=workspace, id=id))
            if row is not None:
                return row
        if external_id is None:
            return None
        return await ctx.db.one(self.sql(self.by_external_id, workspace=workspace, external_id=external_id))

    def save(self, ctx: Context, row: Any, id: str | None, stated: Mapping[str, Any]) -> Saved:
        """Write the new row, or what differs; None in `stated` means "not stated".

        The guards see where another message has made or changed it since `row` was read.
        """
        now, workspace = ctx.now, ctx.workspace.id
        if row is None:
            new = id or ctx.new_id(self.prefix)
            ctx.write(self.sql(self.insert, 1, id=new, workspace=workspace, now=now, **stated))
            return Saved(new, True)
        if id is not None and row["id"] != id:
            raise Refuse(409, "external_id_taken", f"this external_id belongs to {self.noun} {row['id']}")
        values = {name: row[name] if value is None else value for name, value in stated.items()}
        if any(values[name] != row[name] for name in values):
            seen = {"id": row["id"], "workspace": workspace, "seen": row["updated_at"], "now": now}
            ctx.write(self.sql(self.update, 1, **seen, **values))
            return Saved(row["id"], False)
        return Saved(row["id"], False, unchanged=True)
