"""From the rows of one request to the content of its answer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.responses import Response

from mtljax.serving._model import Model
from mtljax.serving._program import Parts
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.body import Bodies
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError

_FEW_ROWS, _SMALL_BODY = 64, 1 << 16  # are read and encoded without another thread
T = TypeVar('T')


class Answering:
    """Answers of one model, for every way to ask.

    Args:
      model: The model.
      encode: A function from the rows of several requests to the inputs of the model.
      limits: The limits of the service.
      counters: What the service counts.

    Attributes:
      model: The model.
      limits: The limits of the service.
      counters: What the service counts.
      bodies: Reads the bodies of requests.
      run: A coroutine that answers until it is cancelled.
    """

    def __init__(
        self,
        model: Model,
        encode: Callable[[Sequence[Any]], Any],
        limits: Limits,
        counters: Counters,
    ):
        self.model, self.limits, self.counters = model, limits, counters
        self.bodies = Bodies(limits)
        self._thread = ThreadPoolExecutor(1)
        self._encode = encode
        self._batcher = Batcher(model.call, encode, limits, counters.batches.observe)
        self.run = self._batcher.run

    @property
    def waiting(self) -> int:
        """The number of rows that have no answer yet."""
        return self._batcher.waiting

    async def parse(self, body: bytes, function: Callable[[], T]) -> T:
        """Read a body. A large one is read in a thread, so that other requests are answered.

        Args:
          body: The body.
          function: A function that reads it.

        Raises:
          RefusedError: The function refuses the body, or too many large bodies wait.
        """
        async with self._in_time():
            return await self._apart(len(body) > _SMALL_BODY, function)

    async def answer(
        self, rows: int, read: Callable[[], Any], write: Callable[[Parts], Response]
    ) -> Response:
        """Answer a request.

        Args:
          rows: The number of its rows.
          read: A function that returns the rows, for the function that encodes rows.
          write: A function from the answers of the model to the answer of the service.

        Raises:
          RefusedError: A row is bad, too many rows wait, or the answer takes too long.
        """
        many = rows > _FEW_ROWS
        with self._batcher.admitted(rows):
            async with self._in_time():
                # Many rows are encoded before they wait: as arrays they need less memory.
                encode = (lambda: self._encode([read()])) if many else read
                given = await self._apart(many, encode)
                found = await self._batcher.answer(given, rows, encoded=many)
                response = await self._apart(many, lambda: write(found))
        self.counters.rows.inc(rows)
        return response

    async def _apart(self, large: bool, function: Callable[[], T]) -> T:
        """Call a function: if it has much to do, in the one thread that bounds the memory."""
        if not large:
            return function()
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self.limits.seconds):
                yield
        except TimeoutError as error:
            raise RefusedError(503, 'The answer takes too long. Try again later.') from error
