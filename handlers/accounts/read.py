"""Read one account."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Account, ReadAccount


@subscribe(ReadAccount, runner="content")
async def read(message: ReadAccount, ctx: Context) -> Account:
    """As stored. Raises Refuse 404."""
    row = await store.ACCOUNTS.find(ctx, message.id, None)
    if row is None:
        raise Refuse(404, "not_found", f"no account {message.id!r} in this workspace")
    return store.account(row)
