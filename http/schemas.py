"""JSON Schemas of the types that travel, for the documents."""

from collections.abc import Iterable
from typing import Any

import msgspec
from needlework.bus.messages import Reply

_REF = "#/components/schemas/{name}"


class Schemas:
    """The schema of each of `kinds`; one that can't be expressed is any value."""

    def __init__(self, kinds: Iterable[Any]) -> None:
        able = [kind for kind in {id(kind): kind for kind in kinds}.values() if _is_expressible(kind)]
        found, self.components = msgspec.json.schema_components(able, ref_template=_REF)
        self._of = {id(kind): schema for kind, schema in zip(able, found, strict=True)}

    def of(self, kind: Any) -> Any:
        """The schema of a type, mostly a reference to a component."""
        return self._of.get(id(kind), {})

    def rename(self, name: str, new: str) -> None:
        """Call a component that nothing refers to by another name."""
        self.components[new] = {**self.components.pop(name), "title": new}


def _is_expressible(kind: Any) -> bool:
    if kind is Reply:
        return False
    try:
        msgspec.json.schema_components([kind], ref_template=_REF)
    except (TypeError, NotImplementedError):
        return False
    return True
