"""List the label definitions in force."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import LabelDefinitionSummary, ListLabels


@subscribe(ListLabels, runner="content")
async def list_labels(message: ListLabels, ctx: Context) -> Page[LabelDefinitionSummary]:
    """The built-in labels with what this workspace changed, and its own: few enough for one page."""
    shown = LabelDefinitionSummary.__struct_fields__
    definitions = (await store.definitions(ctx)).values()
    return Page(
        [LabelDefinitionSummary(**{name: getattr(each, name) for name in shown}) for each in definitions]
    )
