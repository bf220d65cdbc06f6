"""List the label definitions in force."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import LabelDefinitionSummary, ListLabels


@subscribe(ListLabels, runner="content")
async def list_labels(message: ListLabels, ctx: Context) -> Page[LabelDefinitionSummary]:
    """The built-in labels with what this workspace changed, and its own: few enough for one page."""
    return Page([store.definition_summary(each) for each in (await store.definitions(ctx)).values()])
