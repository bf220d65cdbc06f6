"""Change what a label means in this workspace, or add one."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.definitions import LabelDefinition
from needlework.handlers.labels.messages import DefineLabel, LabelDefinitionSummary


@subscribe(DefineLabel, runner="content")
async def define(message: DefineLabel, ctx: Context) -> LabelDefinitionSummary:
    """Save the definition as a new version; the same definition again changes nothing."""
    known = (await store.definitions(ctx)).get(message.key)
    fields = {name: getattr(message, name) for name in message.__struct_fields__ if name != "key"}
    stated = {name: value for name, value in fields.items() if value is not None}
    if known is None and "prompt" not in stated:
        problem = f"no label {message.key!r}: a new one needs a prompt"
        raise Refuse(422, "missing_prompt", problem, errors=[FieldError("prompt", "is missing")])
    if message.threshold is not None:
        stated["threshold_by"] = "user"
    changed = msgspec.structs.replace(known or LabelDefinition(message.key, "", version=0), **stated)
    if changed == known:
        return store.definition_summary(changed)
    saved = store.put_definition(ctx, changed, changed.version)
    ctx.audit("label.define", saved.key, f"version {saved.version}: {', '.join(sorted(stated))}")
    return store.definition_summary(saved)
