"""A connection of HTTP, which ends if its headers are too long."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 1 << 16  # bytes


class Connection(HttpToolsProtocol):
    """A connection that ends when a client sends too long headers.

    The parser itself would keep headers of any length.
    """

    _waiting = 0  # bytes that came since the last part of a body

    def data_received(self, data: bytes) -> None:
        """Read bytes of requests."""
        self._waiting += len(data)
        super().data_received(data)
        if self._waiting > _MOST and not self.transport.is_closing():
            self.send_400_response(f'The headers should have at most {_MOST:,} bytes.')

    def on_body(self, body: bytes) -> None:
        """Read a part of a body."""
        self._waiting = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._waiting = 0
        super().on_message_complete()
