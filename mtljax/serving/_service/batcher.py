"""Rows of several requests, answered by one call of the program."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from mtljax.serving._batches import in_batches
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError


@dataclass(eq=False)
class _Waiting:
    """The rows of one request.

    Attributes:
      given: The rows as the request gave them; or the inputs of the program.
      rows: Their number.
      encoded: Whether they are inputs of the program.
      result: Their answers.
    """

    given: Any
    rows: int
    encoded: bool
    result: asyncio.Future


class Batcher:
    """Joins the rows of requests that come at the same time.

    A row waits at most ``limits.wait`` seconds for others. One thread encodes the rows of all
    requests together, and calls the program.

    Args:
      call: A compiled function from a batch of inputs to a tree of arrays ``[B, ...]``.
      encode: A function from the rows of each request to the inputs of them all. It refuses bad
        rows.
      limits: The limits of the service.
      seen: A function that gets the number of rows of each call.
    """

    def __init__(
        self,
        call: Callable[[Any], Any],
        encode: Callable[[Sequence[Any]], Any],
        limits: Limits,
        seen: Callable[[int], object] = bool,
    ):
        self._call, self._encode, self._limits, self._seen = call, encode, limits, seen
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

    async def answer(self, given: Any, rows: int, encoded: bool = False) -> Any:
        """Return the answers for the rows of one request.

        Args:
          given: The rows, for ``encode``; or the inputs of the program.
          rows: Their number.
          encoded: Whether they are inputs of the program.

        Raises:
          RefusedError: A row is bad.
        """
        future = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(given, rows, encoded, future))
        return await future

    async def run(self) -> None:
        """Answer requests until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            group = await self._group()
            try:
                found = await loop.run_in_executor(self._thread, self._answered, group)
            except Exception as error:  # one for all requests of the group
                found = [(each, error) for each in group]
            for each, result in found:
                _set(each.result, result)

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

    def _answered(self, group: list[_Waiting]) -> list[tuple[_Waiting, Any]]:
        good, parts, bad = self._inputs(group)
        if not good:
            return bad
        self._seen(sum(each.rows for each in good))
        inputs = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
        found = in_batches(self._call, inputs, self._limits.sizes)
        ends = np.cumsum([each.rows for each in good]).tolist()
        leaves, tree = jax.tree.flatten(found)
        return bad + [
            (each, jax.tree.unflatten(tree, [leaf[end - each.rows : end] for leaf in leaves]))
            for each, end in zip(good, ends, strict=True)
        ]

    def _inputs(self, group: list[_Waiting]) -> tuple[list[_Waiting], list[Any], list[Any]]:
        """Return the requests with good rows, their inputs, and the others with their errors."""
        raw = [each for each in group if not each.encoded]
        good = [each for each in group if each.encoded]
        parts, bad = [each.given for each in good], []
        try:
            joint = [self._encode([each.given for each in raw])] if raw else []
            return raw + good, [*joint, *parts], bad
        except Exception:  # a bad row should spoil no other request
            for each in raw:
                try:
                    parts.append(self._encode([each.given]))
                    good.append(each)
                except Exception as error:
                    bad.append((each, error))
        return good, parts, bad


def _set(future: asyncio.Future, result: Any) -> None:
    if future.done():  # the client has left
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
