"""Connections that say nothing are closed; uvicorn alone waits for a request's head for ever."""

import asyncio

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = (
    20  # from the first byte of a connection to the end of a request's head
)
CONNECTIONS = (
    512  # a page keeps three; more are answered 503. Most systems allow 1,024 files
)


class PatientConnection(H11Protocol):
    """A connection that is closed if no request comes to it in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as uvicorn's own does
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Counts the seconds while no request is being answered."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering and not self.transport.is_closing():
            self.transport.close()


def bound(config: uvicorn.Config) -> None:
    """Bounds a server's connections, whether it has begun or not; open ones stay as they are."""
    config.http = PatientConnection
    config.http_protocol_class = PatientConnection  # Gradio's server has begun
    config.limit_concurrency = CONNECTIONS
