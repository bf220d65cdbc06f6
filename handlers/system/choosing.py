"""Which dead letters an operation means: those named, or page after page of those that fit."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.dead import COUNTED, DeadLetters
from needlework.bus.errors import FieldError, NotFound, Refuse
from needlework.handlers.system.dead_messages import ChosenDead
from needlework.handlers.system.list_dead import which

_FILTERS = ("topic", "runner", "reason", "error", "from_", "until")


class Chosen:
    """The dead letters that `message` means, as they were when its work began. Build it with `choose`."""

    def __init__(self, dead: DeadLetters, message: ChosenDead, ctx: Context, began: int) -> None:
        self.dead, self._which = dead, which(message, ctx, began)
        self._named: list[Any] | None = None

    async def page(self, place: list[int], limit: int) -> list[Any]:
        """At most `limit` rows behind `place` (at, message, runner)."""
        if self._named is None:
            return await self.dead.oldest(self._which, limit, place or (-1, -1, -1))
        return [row for row in self._named if not place or place_of(row) > place][:limit]

    async def preview(self) -> dict[str, Any]:
        """How many they are, by error; counted exactly up to some thousands."""
        rows = await self.page([], COUNTED + 1)
        groups = await self.dead.counted(rows[:COUNTED])
        return {"preview": True, "count": min(len(rows), COUNTED), "more": len(rows) > COUNTED, "groups": groups}


async def choose(message: ChosenDead, ctx: Context, began: int) -> Chosen:
    """Raises Refuse 422 where nothing says which are meant, 404 where one that is named is no dead letter here."""
    chosen = Chosen(DeadLetters(ctx.bus, ctx.workspace), message, ctx, began)
    filters = [name.rstrip("_") for name in _FILTERS if getattr(message, name) is not None]
    check_choice({"ids": message.ids is not None, "a filter": bool(filters), "all": message.all})
    if message.ids is not None:
        found: dict[tuple[int, ...], Any] = {}
        for index, ident in enumerate(message.ids):
            try:
                rows = await chosen.dead.named(ident)
            except NotFound as error:
                if ctx.cursor is not None:
                    continue  # an attempt before this one has dealt with it
                field = FieldError(f"ids[{index}]", "is no dead letter")
                raise Refuse(404, "not_found", error.detail, errors=[field]) from error
            found |= {tuple(place_of(row)): row for row in rows}
        chosen._named = [found[place] for place in sorted(found)]
    return chosen


def check_choice(given: dict[str, bool]) -> None:
    """Exactly one way to say what is meant: nothing at all must not mean everything. Raises Refuse 422."""
    said = [name for name, is_given in given.items() if is_given]
    if len(said) == 1:
        return
    problem = f"say what is meant by one of: {', '.join(given)}"
    if said:
        problem += f"; given are {' and '.join(said)}"
        raise Refuse(422, "two_choices", problem, errors=[FieldError(said[0], problem)])
    raise Refuse(422, "no_choice", problem, errors=[FieldError("all", problem)])


def place_of(row: Any) -> list[int]:
    """Where a row stands among the dead letters, oldest first."""
    return [row["at"], row["message"], row["runner"]]
