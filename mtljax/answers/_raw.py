"""The answer of a task of an unknown kind."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Answer
from mtljax.options import check_function


def raw(inverse: Callable[[Any], Any] | None = None) -> Answer:
    """The prediction itself, in the unit of the user: ``inverse(y)``.

    An array is the part ``value``. A tree of arrays has one part per leaf, which has the name of
    its path.

    Args:
      inverse: The function that brings a prediction to this unit; see `Task`. None changes nothing.

    Raises:
      ValueError: ``inverse`` is no function.

    >>> sorted(raw().apply({'mean': jnp.zeros(2), 'deviation': jnp.ones(2)}))
    ['deviation', 'mean']
    """
    check_function('inverse', inverse)

    def apply(prediction):
        values = prediction if inverse is None else inverse(prediction)
        leaves = jax.tree_util.tree_leaves_with_path(values)
        return {_name(path): jnp.asarray(leaf) for path, leaf in leaves}

    return Answer(apply, {'kind': 'raw', 'parts': {}})


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator='.') or 'value'
