"""Bodies of requests, within the limits of the service."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from starlette.requests import Request

from mtljax._shown import shown
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError

_TOGETHER = 8  # the bodies that the service holds at once have this many times the largest size


class Bodies:
    """Reads the bodies of requests, and counts the bytes that all of them hold."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._held = 0

    @contextlib.asynccontextmanager
    async def read(self, request: Request) -> AsyncGenerator[bytes]:
        """Read a body; its bytes count until the context ends.

        Raises:
          RefusedError: The body is too large, too slow or compressed, or all bodies together are
            too large.
        """
        self._check_headers(request)
        parts, size = [], 0
        try:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    async for part in request.stream():
                        size += len(part)
                        self._held += len(part)
                        self._check_size(size)
                        parts.append(part)
            except TimeoutError as error:
                raise RefusedError(
                    400, f'The body should arrive within {self._limits.seconds:g} seconds.'
                ) from error
            yield b''.join(parts)
        finally:
            self._held -= size

    def _check_headers(self, request: Request) -> None:
        coding = request.headers.get('content-encoding', 'identity').strip().lower()
        if coding not in ('', 'identity'):
            raise RefusedError(415, f'The body should not be compressed. Found {shown(coding)}.')
        length = request.headers.get('content-length', '')
        if length.isdecimal() and len(length) < 20:  # longer ones are refused as the body arrives
            self._check_size(int(length))

    def _check_size(self, size: int) -> None:
        if size > self._limits.body:
            raise RefusedError(413, f'The body should have at most {self._limits.body:,} bytes.')
        if self._held > _TOGETHER * self._limits.body:
            raise RefusedError(503, 'Too many large requests wait. Try again later.')
