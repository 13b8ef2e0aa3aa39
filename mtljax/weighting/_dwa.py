"""DWA: dynamic weight average."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mtljax.base import Weighting
from mtljax.options import check_count, check_positive
from mtljax.weighting._active import over_active


class DwaState(NamedTuple):
    """The state of `dwa`.

    Attributes:
      step: The number of steps so far, as int32. It stops growing once the windows are full.
      record: For each task, the sum of its losses and the number of its losses, ``[R, 2, T]``. Only
        steps in which the task has a label count. Without ``sliding``, the R = 3 rows are the block
        before the last, the last block and the present block. With ``sliding``, there is one row
        for each step of the last two windows.
    """

    step: Int[Array, '']
    record: Float[Array, 'R 2 T']


def dwa(window: int = 25, *, temperature: ArrayLike = 2.0, sliding: bool = False) -> Weighting:
    """DWA: give more weight to tasks whose losses fall more slowly.

    The training steps are divided into windows. The ratio ``r_t`` is the mean loss of task t in the
    last window, divided by its mean loss in the window before. The weights are
    ``w = n softmax(r / temperature)`` over the n tasks that have a label in the batch (Liu, Johns,
    Davison, CVPR 2019, https://arxiv.org/abs/1803.10704). All weights are 1 until two windows are
    full.

    The weights sum to n. A task without a label in the batch gets weight 0, and the step does not
    count in the mean losses of this task. If a task has no label in one of the two windows, or if
    its mean loss in the earlier window is 0, its ratio is 1. The losses should be positive. For
    negative mean losses, a ratio above 1 means that the loss has fallen, so the weights change in
    the wrong direction.

    Args:
      window: The length of a window in steps. In the paper, a window is one epoch. The code of the
        Nash-MTL paper uses 25 steps and ``sliding=True``.
      temperature: The temperature of the softmax. With a larger temperature, the weights are more
        equal. The paper and all published code use 2.
      sliding: If True, the two windows are always the last ``2 * window`` steps, including the
        present step, as in the code of the Nash-MTL paper. If False, the windows are consecutive
        blocks of steps, and the weights change only when a block ends.

    Raises:
      ValueError: ``window`` is below 1, or ``temperature`` is not above 0.

    >>> weighting = dwa(1)
    >>> state = weighting.init(2)
    >>> for losses in ([1.0, 1.0], [0.5, 1.0], [0.5, 1.0]):
    ...     weights, state = weighting.update(jnp.array(losses), state)
    >>> weights.tolist()
    [0.875..., 1.124...]
    """
    check_count('window', window, 1)
    check_positive('temperature', temperature)
    windows = _sliding if sliding else _blocks

    def init(num_tasks):
        rows = 2 * window if sliding else 3
        return DwaState(jnp.zeros((), jnp.int32), jnp.zeros((rows, 2, num_tasks)))

    @over_active
    def update(losses, state, *, active, key):
        entry = jnp.stack([jnp.where(active, losses, 0), active.astype(losses.dtype)])
        before, last, full, state = windows(state, entry, window)
        share = jax.nn.softmax(_ratio(before, last) / temperature, where=active)
        return jnp.where(full, jnp.sum(active) * share, 1), state

    return Weighting(init, update)


def _ratio(before: Array, last: Array) -> Array:
    (old, old_count), (new, new_count) = before, last
    known = (old_count > 0) & (new_count > 0) & (old != 0)
    old = jnp.where(known, old / jnp.maximum(old_count, 1), 1)
    return jnp.where(known, new / jnp.maximum(new_count, 1), 1) / old


def _blocks(state: DwaState, entry: Array, window: int) -> tuple[Array, Array, Array, DwaState]:
    """Return the last two complete blocks before this step, and whether there are two."""
    before, last, running = state.record
    step = jnp.where(state.step == 3 * window - 1, 2 * window, state.step + 1)
    running = running + entry
    shifted = jnp.stack([last, running, jnp.zeros_like(running)])
    record = jnp.where(step % window == 0, shifted, jnp.stack([before, last, running]))
    return before, last, state.step >= 2 * window, DwaState(step, record)


def _sliding(state: DwaState, entry: Array, window: int) -> tuple[Array, Array, Array, DwaState]:
    """Return the last two windows of steps, including this step, and whether they are full."""
    record = jnp.concatenate([state.record[1:], entry[None]])
    step = jnp.minimum(state.step + 1, 2 * window)
    before, last = record[:window].sum(axis=0), record[window:].sum(axis=0)
    return before, last, step == 2 * window, DwaState(step, record)
