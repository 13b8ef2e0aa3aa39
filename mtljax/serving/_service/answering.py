"""From the rows of one request to the content of its answer."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from mtljax.serving._model import Model
from mtljax.serving._program import Parts
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.body import Bodies
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError

_SMALL = 64  # rows that are encoded without another thread


class Answering:
    """Answers of one model, for every way to ask.

    Attributes:
      model: The model.
      limits: The limits of the service.
      counters: What the service counts.
      bodies: Reads the bodies of requests.
      run: A coroutine that answers until it is cancelled.
    """

    def __init__(self, model: Model, limits: Limits, counters: Counters):
        self.model, self.limits, self.counters = model, limits, counters
        self.bodies = Bodies(limits)
        self._batcher = Batcher(model.call, limits, counters.batches.observe)
        self.run = self._batcher.run

    @property
    def waiting(self) -> int:
        """The number of rows that have no answer yet."""
        return self._batcher.waiting

    async def answer(
        self, rows: int, encode: Callable[[], Any], write: Callable[[Parts], Response]
    ) -> Response:
        """Answer a request.

        Args:
          rows: The number of its rows.
          encode: A function that returns the inputs of the model. It refuses bad rows, before they
            meet rows of other requests.
          write: A function from the answers of the model to the answer of the service.

        Raises:
          RefusedError: A row is bad, too many rows wait, or the answer takes too long.
        """
        with self._batcher.admitted(rows):
            try:
                async with asyncio.timeout(self.limits.seconds):
                    return await self._answer(rows, encode, write)
            except TimeoutError as error:
                raise RefusedError(503, 'The answer takes too long. Try again later.') from error

    async def _answer(
        self, rows: int, encode: Callable[[], Any], write: Callable[[Parts], Response]
    ) -> Response:
        few = rows <= _SMALL
        inputs = encode() if few else await asyncio.to_thread(encode)
        found = await self._batcher.answer(inputs, rows)
        response = write(found) if few else await asyncio.to_thread(write, found)
        self.counters.rows.inc(rows)
        return response
