"""The move *shift*: the wall clock was set, so waiting retries move with it (promise P6)."""

from needlework.bus.records import RunnerLane
from needlework.bus.sqlite.transaction import Transaction

_WAITING = """
SELECT p.message, p.runner, p.priority, p.due, m.workspace, d.attempt
FROM positions p JOIN messages m ON m.seq = p.message
    JOIN deliveries d ON d.runner = p.runner AND d.workspace = m.workspace AND d.priority = p.priority
        AND d.due = p.due AND d.message = p.message
WHERE p.failures > 0 ORDER BY p.message
"""


def shift_retries(transaction: Transaction, runners: dict[int, RunnerLane], step: int) -> int:
    """Move every retry that waits and is not in flight by `step` microseconds; how many moved."""
    transaction.flush()
    execute = transaction.connection.execute
    moved = 0
    for row in execute(_WAITING).fetchall():
        runner = runners.get(row["runner"])
        if runner is None or transaction.in_window(runner.number, row["message"]):
            continue
        execute(
            "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
            (runner.number, row["workspace"], row["priority"], row["due"], row["message"]),
        )
        due = max(0, row["due"] + step)
        execute("UPDATE positions SET due = ? WHERE message = ? AND runner = ?", (due, row["message"], runner.number))
        transaction.add_delivery(runner, row["workspace"], row["priority"], due, row["message"], row["attempt"])
        moved += 1
    return moved
