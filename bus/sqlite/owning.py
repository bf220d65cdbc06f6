"""The moves *own*, *claim* and *give back*: which process runs a runner. Whether its owner lives, a lock says."""

from collections.abc import Callable, Sequence

from needlework.bus.errors import LeaseLost
from needlework.bus.records import RunnerLane, TopicLane
from needlework.bus.sqlite import reordering, rescuing
from needlework.bus.sqlite.transaction import Transaction

Alive = Callable[[str], bool]


def own(
    transaction: Transaction,
    runners: Sequence[RunnerLane],
    epoch: str,
    topics: dict[int, TopicLane],
    is_alive: Alive,
    fences: dict[int, int],
) -> int:
    """Take these runners over and rescue what was left; how much. Raises LeaseLost where an owner lives."""
    for runner in runners:
        if not _free(transaction, runner, epoch, is_alive):
            raise LeaseLost(f"runner {runner.name!r} belongs to a living process")
    rescued = 0
    for runner in runners:
        fences[runner.number] = rescuing.adopt(transaction, runner, epoch)
        rescued += rescuing.rescue(transaction, runner, topics)
        reordering.reorder(transaction, runner, topics)
    transaction.flush()
    transaction.commit.adopted |= {runner.number for runner in runners}
    return rescued


def claim(
    transaction: Transaction,
    groups: Sequence[Sequence[RunnerLane]],
    most: int,
    epoch: str,
    topics: dict[int, TopicLane],
    is_alive: Alive,
    fences: dict[int, int],
) -> tuple[list[str], int]:
    """Take over up to `most` groups of which nobody alive owns a part: (the runners, how much was rescued)."""
    taken: list[RunnerLane] = []
    rescued = 0
    for group in groups:
        if most and all(_free(transaction, runner, epoch, is_alive) for runner in group):
            rescued += own(transaction, group, epoch, topics, is_alive, fences)
            taken += group
            most -= 1
    return [runner.name for runner in taken], rescued


def give_back(transaction: Transaction, runners: Sequence[RunnerLane]) -> None:
    """Own these no longer; nothing of them is in flight."""
    for runner in runners:
        rescuing.release(transaction, runner)
    transaction.flush()
    transaction.commit.released |= {runner.number for runner in runners}


def _free(transaction: Transaction, runner: RunnerLane, epoch: str, is_alive: Alive) -> bool:
    row = transaction.connection.execute("SELECT epoch FROM owners WHERE runner = ?", (runner.number,)).fetchone()
    return row is None or row[0] == epoch or not is_alive(row[0])
