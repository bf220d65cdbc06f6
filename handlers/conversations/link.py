"""Give an account the conversations that people of its domains take part in."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import LinkConversations


@subscribe(LinkConversations, runner="content")
async def link(message: LinkConversations, ctx: Context) -> None:
    """Link those without an account; what a person or an earlier account has linked stays."""
    for domain in message.domains:
        ctx.write(
            store.sql(
                "link_domain",
                workspace=ctx.workspace.id,
                account=message.account_id,
                domain=domain,
                now=ctx.now,
            )
        )
