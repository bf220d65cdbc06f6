"""Ready deliveries in memory: workspaces take turns, within a workspace the better priority goes first."""

from collections import deque
from collections.abc import Sequence

from needlework.bus.records import Delivery

QUANTUM = 8
"""Deliveries a workspace may start before the next one has its turn."""


class _Line:
    """One workspace's ready deliveries, a queue for each priority that has any."""

    __slots__ = ("count", "left", "queues")

    def __init__(self) -> None:
        self.queues: dict[int, deque[Delivery]] = {}
        self.count = 0
        self.left = QUANTUM

    def queue(self, priority: int) -> deque[Delivery]:
        """The queue of a priority."""
        queue = self.queues.get(priority)
        if queue is None:
            queue = self.queues[priority] = deque()
        return queue


class Turns:
    """A fair queue: deficit round-robin over workspaces (Shreedhar and Varghese, 1995) with equal quanta."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._ring: deque[int] = deque()
        self.count = 0
        """How many deliveries are ready."""

    def __len__(self) -> int:
        return self.count

    def push(self, delivery: Delivery, *, front: bool = False) -> None:
        """Add a delivery; `front` puts one back that was taken before."""
        line = self._lines.get(delivery.workspace)
        if line is None:
            line = self._lines[delivery.workspace] = _Line()
            self._ring.append(delivery.workspace)
        queue = line.queue(delivery.priority)
        if front:
            queue.appendleft(delivery)
        else:
            queue.append(delivery)
        line.count += 1
        self.count += 1

    def extend(self, workspace: int, priority: int, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries of one workspace and priority, in their order."""
        if not deliveries:
            return
        line = self._lines.get(workspace)
        if line is None:
            line = self._lines[workspace] = _Line()
            self._ring.append(workspace)
        line.queue(priority).extend(deliveries)
        line.count += len(deliveries)
        self.count += len(deliveries)

    def pop(self) -> Delivery | None:
        """The next delivery, or None."""
        if not self.count:
            return None
        workspace = self._ring[0]
        line = self._lines[workspace]
        priority = min(line.queues)
        queue = line.queues[priority]
        delivery = queue.popleft()
        if not queue:
            del line.queues[priority]
        line.count -= 1
        self.count -= 1
        line.left -= 1
        if not line.count:
            self._ring.popleft()
            del self._lines[workspace]
        elif line.left <= 0:
            line.left = QUANTUM
            self._ring.rotate(-1)
        return delivery

    def take_out(self, seq: int) -> Delivery | None:
        """Remove the delivery of message `seq`, wherever it stands."""
        for workspace, line in self._lines.items():
            for priority, queue in line.queues.items():
                for delivery in queue:
                    if delivery.seq == seq:
                        queue.remove(delivery)
                        if not queue:
                            del line.queues[priority]
                        line.count -= 1
                        self.count -= 1
                        if not line.count:
                            self._ring.remove(workspace)
                            del self._lines[workspace]
                        return delivery
        return None

    def of_workspace(self, workspace: int) -> int:
        """How many of a workspace's deliveries are ready."""
        line = self._lines.get(workspace)
        return line.count if line else 0
