"""Parameters as named arrays, which may be stored with fewer bits."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from mtljax.base import Params, State

DTYPES = ('float32', 'bfloat16', 'int8')
Weights = dict[str, Any]
"""Named arrays: the leaves of the parameters and of the state of a model."""

_SCALE = '|scale'


def named(params: Params, state: State) -> Weights:
    """Return the parameters and the state of a model as named arrays.

    >>> list(named({'shared': {'kernel': np.ones(2)}}, {}))
    ['params/shared/kernel']
    """
    leaves = jax.tree_util.tree_leaves_with_path({'params': params, 'state': state})
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


def unnamed(params: Params, state: State) -> Callable[[Weights], tuple[Params, State]]:
    """Return the inverse of `named`, for trees of this structure. Absent arrays become zeros.

    The function can be traced by jax.
    """
    tree = jax.tree.map(
        lambda leaf: (jnp.shape(leaf), leaf.dtype), {'params': params, 'state': state}
    )
    leaves, treedef = jax.tree_util.tree_flatten_with_path(tree, is_leaf=_is_shape)

    def inverse(weights):
        found = [weights.get(_name(path), None) for path, _ in leaves]
        full = [
            jnp.zeros(*leaf) if value is None else value
            for value, (_, leaf) in zip(found, leaves, strict=True)
        ]
        both = jax.tree_util.tree_unflatten(treedef, full)
        return both['params'], both['state']

    return inverse


def stored(weights: Mapping[str, np.ndarray], dtype: str) -> Weights:
    """Return the weights in the form in which they are stored.

    Args:
      weights: Named arrays.
      dtype: ``'float32'`` changes nothing. ``'bfloat16'`` rounds arrays of float32 with two axes or
        more. ``'int8'`` replaces them by whole numbers from -127 to 127, and a float32 scale for
        each output channel (and for each entry of axes before the last two).

    Raises:
      ValueError: The dtype is another one.

    >>> few = stored({'k': np.float32([[1.0, -4.0], [0.5, 2.0]])}, 'int8')
    >>> few['k'].tolist(), few['k|scale'].shape
    ([[127, -127], [64, 64]], (1, 2))
    """
    if dtype not in DTYPES:
        raise ValueError(f'dtype should be one of {DTYPES}. Found dtype = {dtype!r}.')
    found: Weights = {}
    for name, array in weights.items():
        if dtype == 'float32' or array.dtype != np.float32 or array.ndim < 2:
            found[name] = array
        elif dtype == 'bfloat16':
            found[name] = array.astype(ml_dtypes.bfloat16)
        else:
            largest = np.abs(array).max(axis=-2, keepdims=True)
            scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
            found[name] = np.rint(array / scale).astype(np.int8)
            found[name + _SCALE] = scale
    return found


def restored(weights: Weights) -> Weights:
    """Undo `stored`, up to rounding. The function can be traced by jax.

    >>> restored({'k': jnp.int8([[127]]), 'k|scale': jnp.float32([[0.5]])})['k'].tolist()
    [[63.5]]
    """
    found = {}
    for name, array in weights.items():
        if name + _SCALE in weights:
            found[name] = array.astype(jnp.float32) * weights[name + _SCALE]
        elif not name.endswith(_SCALE):
            few = array.dtype == jnp.bfloat16
            found[name] = array.astype(jnp.float32) if few else array
    return found


def rounded(params: Params, state: State, dtype: str) -> tuple[Params, State]:
    """Return parameters and a state as a file with fewer bits gives them back; see `export`.

    Args:
      params: The parameters of a model.
      state: The state of the model.
      dtype: How the weights are stored, ``'float32'``, ``'bfloat16'`` or ``'int8'``.

    Raises:
      ValueError: The dtype is another one.

    >>> rounded({'kernel': np.float32([[1.0, 0.3], [0.001, -0.3]])}, {}, 'int8')[0]['kernel'][1, 0]
    Array(0., dtype=float32)
    """
    few = restored(stored(named(params, state), dtype))
    return jax.jit(unnamed(params, state))(few)


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple)


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator='/')
