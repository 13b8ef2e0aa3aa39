"""Calls of a compiled function one after the other, which an interrupt does not tear apart."""

from collections.abc import Callable
from typing import Any


class Interrupted(KeyboardInterrupt):
    """The user interrupted a chunk of steps, which was then finished.

    Args:
      state: The state after the chunk.
      infos: The infos of its steps.
    """

    def __init__(self, state: Any, infos: Any):
        super().__init__()
        self.state, self.infos = state, infos


def calls(
    compiled: Callable[..., tuple[Any, Any]],
    state: Any,
    arguments: Callable[[int], tuple[Any, ...]],
    count: int,
) -> tuple[Any, list[Any], bool]:
    """Call ``compiled(state, *arguments(i))`` for i = 0, 1, ..., count - 1.

    After a KeyboardInterrupt, the remaining calls are still made. A second one ends them at once.

    Args:
      compiled: A function ``(state, *arguments) -> (state, info)``. It may delete its state.
      state: The first state.
      arguments: The further arguments of each call. It may be called twice for one call.
      count: The number of calls.

    Returns:
      The last state, the infos, and whether there was an interrupt.

    >>> calls(lambda state, x: (state + x, x), 0, lambda i: (i,), 4)
    (6, [0, 1, 2, 3], False)
    """
    results: list[tuple[Any, Any]] = [(state, None)]
    interrupted = False
    while True:
        try:
            while len(results) <= count:
                more = [(each,) for each in arguments(len(results) - 1)]
                # Python looks for interrupts between two instructions, and this is one: the old
                # state is deleted and the new one is stored, or neither.
                results.extend(map(compiled, (results[-1][0],), *more))
                results[-2] = (None, results[-2][1])  # where buffers cannot be donated
            return results[-1][0], [info for _, info in results[1:]], interrupted
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
