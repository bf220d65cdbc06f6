"""When a connection has had its time: deadlines that the server's tick looks at, for all but streams that may stay.

Deadlines are plain numbers: a timer for each request would cost as much as parsing it. An open stream has none, and
nobody looks at it: a look at each of ten thousand takes milliseconds, in which nobody else is served.
"""

import asyncio
from typing import Any, ClassVar

from needlework.http.settings import HttpSettings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_NEVER = float("inf")


class TimedProtocol(HttpToolsProtocol):
    """One connection and its deadline. `settings` and `timed` are set on a subclass, for each server anew."""

    settings = HttpSettings()
    timed: ClassVar[set[Any]]
    """The connections that are looked at: all but open streams without a deadline."""

    deadline = _NEVER
    """When the server's tick ends this connection: it says nothing, or too slowly, or takes nothing."""
    _stalled = False
    _stays = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end_after(self.settings.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self.timed.discard(self)
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """The transport closes now, and what is left of a stream may never be taken."""
        self.timed.add(self)

    def _end_after(self, seconds: float) -> None:
        self.deadline = self.loop.time() + seconds
        self.timed.add(self)

    def _end_never(self) -> None:
        self.deadline = _NEVER
        self._rest()

    def _rest(self) -> None:
        """Be looked at no more: nothing here has an end. What is closing has one, even where nobody set it yet."""
        if self._stays and not self.transport.is_closing():
            self.timed.discard(self)

    def stays(self, stays: bool) -> None:
        """Hear whether what is being answered may stay open for ever."""
        self._stays = stays
        if stays and self.deadline == _NEVER:
            self._rest()
        elif self in self.connections:  # else it is lost already
            self.timed.add(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = True
        is_stream = self.cycle is not None and self.cycle.chunked_encoding  # all else has a length
        self._end_after(self.settings.stream_send_timeout if is_stream else self.settings.send_timeout)

    def resume_writing(self) -> None:
        self._stalled = False
        if self._is_answering():
            self._end_never()
        else:
            self._end_after(self.settings.header_timeout)
        super().resume_writing()

    def give_last_chance(self) -> None:
        """A deadline for a connection that is closing: what is left of its answer may never be taken."""
        if self.deadline == _NEVER and self.transport is not None and self.transport.is_closing():
            self._end_after(self.settings.send_timeout)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
