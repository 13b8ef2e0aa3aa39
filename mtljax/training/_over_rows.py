"""Losses that compare the examples of a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Task

_ROWS, _LARGE = 6, 100_000  # fewer rows for predictions of so many numbers each


def check_rows(name: str, task: Task, prediction: Any, target: Any) -> None:
    """Check that the losses of some examples stay the same if other examples change.

    A loss that compares examples is called with a mask, and the examples outside of it change.

    Args:
      name: The name of the task.
      task: The task.
      prediction: The shapes of a prediction, ``[B, ...]``.
      target: The shapes of a target, ``[B, ...]``.

    Raises:
      ValueError: A loss changes.

    >>> from mtljax import heads
    >>> shape = jax.ShapeDtypeStruct((9,), np.dtype('float32'))
    >>> centred = Task(heads.linear(), lambda y, t: (y - t - (y - t).mean()) ** 2)
    >>> check_rows('a', centred, shape, shape)
    Traceback (most recent call last):
    ValueError: The loss of an example of task 'a' should not depend on other examples...
    """
    rng, leaves = np.random.default_rng(0), jax.tree.leaves((prediction, target))
    each = sum(leaf.size // leaf.shape[0] for leaf in leaves)
    rows = _ROWS if each < _LARGE else 2
    kept = rows // 2
    first, other = (
        jax.tree.map(lambda leaf: _random(rng, leaf, rows), (prediction, target)) for _ in range(2)
    )
    mixed = jax.tree.map(lambda a, b: np.concatenate([a[:kept], b[kept:]]), first, other)
    mask = (np.arange(rows) < kept,) if task.over_rows else ()
    try:
        with jax.ensure_compile_time_eval():
            one, two = (
                np.asarray(task.loss(*batch, *mask), np.float32) for batch in (first, mixed)
            )
    except Exception:  # a loss that refuses these numbers, which may be no labels at all
        return
    if task.over_rows:
        if not np.allclose(one, two, rtol=1e-3, atol=1e-5, equal_nan=True):
            raise ValueError(
                f'The loss of task {name!r} should leave out the examples where the mask is False. '
                'Found a loss that changes with them.'
            )
    elif not np.allclose(one[:kept], two[:kept], rtol=1e-3, atol=1e-5, equal_nan=True):
        raise ValueError(
            f'The loss of an example of task {name!r} should not depend on other examples. Found a '
            'loss that changes with them. If it compares examples, as a ranking loss does, write '
            'it as (prediction, target, mask) -> scalar, and pass Task(..., over_rows=True).'
        )


def check_whole_batches(
    names: Sequence[str], tasks: Mapping[str, Task], micro_batches: int, axis_name: str | None
) -> None:
    """Check that a loss that compares examples gets whole batches.

    Raises:
      ValueError: The batches are divided.
    """
    compared = [name for name in names if tasks[name].over_rows]
    if compared and micro_batches > 1:
        raise ValueError(
            f'micro_batches should be 1, because the losses of {compared} compare the examples of '
            f'a batch. Found micro_batches = {micro_batches}.'
        )
    if compared and axis_name is not None:
        raise ValueError(
            f'The losses of {compared} compare the examples of a batch, so every device should see '
            "the whole batch. Found pmap. Use parallel='jit'."
        )


def _random(rng: np.random.Generator, leaf: Any, rows: int) -> np.ndarray:
    shape = (rows, *leaf.shape[1:])
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        return rng.random(shape, np.float32).astype(leaf.dtype)
    return rng.integers(2, size=shape).astype(leaf.dtype)  # class numbers, or booleans
