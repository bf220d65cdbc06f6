"""What holds work back: paused topics and runners, workspaces whose ticks are disabled.

Read from the event loop and from the writer's thread; the sets are replaced whole, never changed.
"""

from needlework.bus.clock import SECOND, Clock
from needlework.bus.peers import Peer
from needlework.bus.records import WAITED, TopicLane


class Controls:
    """The current holds. `forced` are (runner, workspace) pairs with an explicit run under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._start = clock, clock.now() - round(clock.monotonic() * SECOND)
        self.paused_topics: frozenset[str] = frozenset()
        self.paused_runners: frozenset[str] = frozenset()
        self.disabled: frozenset[int] = frozenset()
        self.idempotency_kept = 24 * 3600 * 1_000_000
        """Microseconds an idempotency key is kept after the first acknowledgement (promise P5)."""
        self.withheld: frozenset[str] = frozenset({"NEEDLEWORK_TOKEN"})
        """Environment variables that hold secrets of ours: handlers' own processes do not inherit them."""
        self.peers: dict[tuple[str, str], Peer] = {}
        """(service, workspace name) -> the service outside that the workspace uses; from the settings."""
        self.audit_kept = 400 * 24 * 3600 * 1_000_000
        """Microseconds a line of the log for people is kept."""
        self.forced: frozenset[tuple[str, int]] = frozenset()

    def steady(self) -> int:
        """Wall time as if nobody had set the clock since the start: for what is kept for a while, microseconds UTC."""
        return self._start + round(self._clock.monotonic() * SECOND)

    @property
    def active(self) -> bool:
        """Whether anything at all may be held."""
        return bool(self.paused_topics or self.disabled)

    def reason(self, lane: TopicLane, runner: str, workspace: int, flags: int) -> str | None:
        """Why a delivery may not run now: `topic_paused`, `tick_disabled`, or None."""
        if lane.name in self.paused_topics:
            return "topic_paused"
        if self.ticks_held(lane, workspace, flags) and (runner, workspace) not in self.forced:
            return "tick_disabled"
        return None

    def ticks_held(self, lane: TopicLane, workspace: int, flags: int) -> bool:
        """Whether only an explicit run may start a delivery, since its workspace's ticks are disabled."""
        return workspace in self.disabled and lane.automatic and not flags & WAITED
