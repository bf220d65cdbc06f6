"""What one transaction did: handed from the writer to the event loop after COMMIT."""

from typing import Any

from needlework.bus.records import Delivery, RunnerLane


class Commit:
    """What one transaction did, told to the event loop after COMMIT."""

    __slots__ = (
        "adopted", "backlog", "events", "freed", "handed", "released", "units", "waiting",
    )  # fmt: skip

    def __init__(self) -> None:
        self.backlog: dict[tuple[int, int], int] = {}
        """(workspace, topic) -> change of the number of unfinished deliveries."""
        self.units: list[tuple[Any, Any, Exception | None]] = []
        """(unit, result, error) of each unit of the group."""
        """The number of the newest message it stored, 0 for none."""
        self.handed: list[Delivery] = []
        self.waiting: list[tuple[RunnerLane, int, int, int, int]] = []
        """(runner, workspace, priority, due, message) of deliveries that now wait in the table."""
        self.events: list[tuple[int, int, int, int, int, int, str, int, bytes | None]] = []
        """(seq, message, created, runner, workspace, topic, kind, at, data), as the table has them"""
        self.adopted: set[int] = set()
        """Runners that this process owns from now on."""
        self.released: set[int] = set()
        """Runners that it no longer owns."""
        self.freed: list[tuple[RunnerLane, int]] = []
        """(runner, message) of deliveries that left the window."""
