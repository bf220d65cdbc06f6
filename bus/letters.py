"""What a person asks of a dead letter: to go again, as it is or with another payload."""

import msgspec
from needlework.bus.records import NewMessage, RunnerLane


class Redrive(msgspec.Struct, frozen=True, eq=False):
    """A dead letter that a person lets go again, as it is or as the message `patched` for its runner alone."""

    seq: int
    runner: RunnerLane
    by: str
    patched: NewMessage | None = None
