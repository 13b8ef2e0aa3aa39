"""The predictions of a model, linearised in a random subspace of its shared parameters."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Array, Key, MultiTask, Params, State

_ROWS, _AT_ONCE = 256, 8  # examples in a forward pass, and directions side by side


class Linear(NamedTuple):
    """Predictions ``f(x) + J(x) w`` for a vector w of d numbers.

    Attributes:
      start: The predictions f, ``{task: [N, ...]}``, or trees of such arrays.
      slopes: J, in the same form, with a first axis of length d.
    """

    start: dict[str, Any]
    slopes: dict[str, Any]

    def at(self, w: Array) -> dict[str, Any]:
        """Return the predictions at w, ``[d]``."""
        return jax.tree.map(lambda f, j: f + jnp.tensordot(w, j, axes=1), self.start, self.slopes)

    def of(self, task: str) -> 'Linear':
        """Return the part of one task."""
        return Linear({task: self.start[task]}, {task: self.slopes[task]})


def linearised(
    model: MultiTask,
    params: Params,
    state: State,
    inputs: Any,
    names: Sequence[str],
    dim: int,
    key: Key,
) -> Linear:
    """Linearise the predictions in ``params['shared'] + P w``, for w near 0.

    The entries of P are drawn from N(0, 1/d). Every batch of examples draws the same columns again,
    so that P is never stored.

    Args:
      model: The model.
      params: The parameters, at which w is 0.
      state: The state of the model.
      inputs: The inputs of N examples.
      names: The tasks to predict.
      dim: The number d of columns of P.
      key: The key of P.
    """
    shared, keys = params['shared'], jax.random.split(key, dim)

    def batch(rows):
        def predict(shared):
            found, _ = model.apply({**params, 'shared': shared}, state, rows)
            chosen = {name: found[name] for name in names}
            return jax.tree.map(lambda y: y.astype(jnp.float32), chosen)

        def slope(key):
            return jax.jvp(predict, (shared,), (_column(key, shared, dim),))[1]

        return predict(shared), jax.lax.map(slope, keys, batch_size=_AT_ONCE)

    size = len(jax.tree.leaves(inputs)[0])
    start, slopes = jax.lax.map(batch, jax.tree.map(_batched, inputs))
    start = jax.tree.map(lambda y: y.reshape(-1, *y.shape[2:])[:size], start)
    return Linear(start, jax.tree.map(lambda y: _joined(y)[:, :size], slopes))


def _column(key: Key, shared: Any, dim: int) -> Any:
    """Draw a column of P, in the form of the shared parameters."""
    leaves, form = jax.tree.flatten(shared)
    rows = [
        (jax.random.normal(each, leaf.shape) / np.sqrt(dim)).astype(leaf.dtype)
        for each, leaf in zip(jax.random.split(key, len(leaves)), leaves, strict=True)
    ]
    return jax.tree.unflatten(form, rows)


def _batched(leaf: Any) -> Array:
    """Divide N rows into batches of equal size; copies of the last row fill the last batch."""
    size = min(_ROWS, len(leaf))
    count = -(-len(leaf) // size)
    rows = np.minimum(np.arange(count * size), len(leaf) - 1)
    return jnp.asarray(leaf)[rows].reshape(count, size, *leaf.shape[1:])


def _joined(slopes: Array) -> Array:
    """``[batches, d, rows, ...] -> [d, batches * rows, ...]``."""
    moved = jnp.moveaxis(slopes, 0, 1)
    return moved.reshape(len(moved), -1, *moved.shape[3:])
