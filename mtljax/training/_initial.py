"""The initial parameters of a model, after a check of their size."""

from typing import Any

import jax
import numpy as np

from mtljax.base import Key, MultiTask, Params, State
from mtljax.tracing import device_memory, free_memory
from mtljax.training._shape_text import shape_text


def initial_variables(model: MultiTask, key: Key, inputs: Any) -> tuple[Params, State]:
    """Return the initial parameters and the initial state of a model.

    Args:
      model: The multi-task model.
      key: The random key.
      inputs: The shapes of a batch of inputs.

    Raises:
      ValueError: The model does not accept the inputs, or does not fit the memory. The error names
        the size of the model.
    """
    zeros = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), inputs)
    init = jax.jit(model.init)  # the same function for every step of a model: compiled once
    try:
        found = init.eval_shape(key, zeros)
    except (AttributeError, TypeError, ZeroDivisionError, LookupError, OverflowError) as error:
        raise ValueError(
            f'The model should accept inputs of the shapes {shape_text(inputs)}. Found an error: '
            f'{type(error).__name__}, {error!s:.300}.'
        ) from error
    _check_size(found)
    return init(key, zeros)


def _check_size(variables: Any) -> None:
    sizes = [leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(variables)]
    total, most = sum(sizes), free_memory() if jax.default_backend() == 'cpu' else device_memory()
    if most is not None and total > most:
        count = sum(leaf.size for leaf in jax.tree.leaves(variables))
        raise ValueError(
            f'The model should fit the memory of {most / 2**30:,.1f} GiB. Found {count:,} '
            f'parameters, {total / 2**30:,.1f} GiB. Use smaller widths.'
        )
