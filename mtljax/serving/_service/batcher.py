"""Rows of several requests, answered by one call of the program."""

import asyncio
import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax.serving._batches import in_batches
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError


class _Waiting(NamedTuple):
    """The rows of one request."""

    inputs: Any
    rows: int
    result: asyncio.Future


class Batcher:
    """Joins the rows of requests that come at the same time.

    A row waits at most ``limits.wait`` seconds for others. One thread calls the program.

    Args:
      call: A compiled function from a batch of inputs to a tree of arrays ``[B, ...]``.
      limits: The limits of the service.
      seen: A function that gets the number of rows of each call.
    """

    def __init__(
        self, call: Callable[[Any], Any], limits: Limits, seen: Callable[[int], object] = bool
    ):
        self._call, self._limits, self._seen = call, limits, seen
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._waiting = 0  # rows
        self._thread = ThreadPoolExecutor(1)

    @property
    def waiting(self) -> int:
        """The number of rows that were admitted and have no answer yet."""
        return self._waiting

    @contextlib.contextmanager
    def admitted(self, rows: int) -> Generator[None]:
        """Count the rows of a request, until it is answered.

        Raises:
          RefusedError: Too many rows wait.
        """
        if self._waiting + rows > self._limits.queue:
            raise RefusedError(503, 'Too many rows wait for an answer. Try again later.')
        self._waiting += rows
        try:
            yield
        finally:
            self._waiting -= rows

    async def answer(self, inputs: Any, rows: int) -> Any:
        """Return the answers for the rows of one request."""
        waiting = _Waiting(inputs, rows, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.result

    async def run(self) -> None:
        """Answer requests until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            group = await self._group()
            try:
                found = await loop.run_in_executor(self._thread, self._answered, group)
            except Exception as error:  # one for all requests of the group
                for each in group:
                    _set(each.result, error)
                continue
            start = 0
            for each in group:
                part = slice(start, start + each.rows)
                _set(each.result, jax.tree.map(lambda leaf, at=part: leaf[at], found))
                start += each.rows

    async def _group(self) -> list[_Waiting]:
        """Wait for a request, and then a short time for others."""
        group = [await self._queue.get()]
        rows, most = group[0].rows, max(self._limits.sizes)
        end = asyncio.get_running_loop().time() + self._limits.wait
        while rows < most:
            try:
                async with asyncio.timeout_at(end):
                    group.append(await self._queue.get())
            except TimeoutError:
                break
            rows += group[-1].rows
        return [each for each in group if not each.result.done()] or await self._group()

    def _answered(self, group: list[_Waiting]) -> Any:
        self._seen(sum(each.rows for each in group))
        parts = [each.inputs for each in group]
        inputs = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
        return in_batches(self._call, inputs, self._limits.sizes)


def _set(future: asyncio.Future, result: Any) -> None:
    if future.done():  # the client has left
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
