"""Programs that leave Python: a function of weights and inputs, for any number of rows."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax import export

from mtljax.module import shapes
from mtljax.serving._program import Parts
from mtljax.serving._weights import Weights

PLATFORMS = ('cpu', 'cuda', 'tpu')


def used_weights(call: Callable[[Weights, Any], Parts], weights: Weights, inputs: Any) -> Weights:
    """Return the weights that a function reads.

    Args:
      call: A function ``(weights, inputs) -> answers``.
      weights: Named arrays.
      inputs: A small batch of inputs.

    >>> import numpy as np
    >>> both = {'a': np.ones(2), 'b': np.ones(2)}
    >>> list(used_weights(lambda w, x: w['b'] * x, both, np.ones(2)))
    ['b']
    """
    names = sorted(weights)  # the order of the leaves of a dict
    found = export.export(jax.jit(call))(shapes(weights), shapes(inputs))
    kept = set(found.module_kept_var_idx)
    return {name: weights[name] for at, name in enumerate(names) if at in kept}


def exported(
    call: Callable[[Weights, Any], Parts],
    weights: Weights,
    inputs: Any,
    platforms: Sequence[str] = PLATFORMS,
) -> bytes:
    """Return the program of a function, for any number of rows, as `jax.export` serialises it.

    Args:
      call: A function ``(weights, inputs) -> answers``.
      weights: Named arrays.
      inputs: A small batch of inputs.
      platforms: The platforms that can run the program.
    """
    (rows,) = export.symbolic_shape('rows')
    batch = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((rows, *leaf.shape[1:]), leaf.dtype), inputs
    )
    with _without_places():
        made = export.export(jax.jit(call), platforms=platforms)(shapes(weights), batch)
    return bytes(made.serialize())


@contextlib.contextmanager
def _without_places() -> Iterator[None]:
    """Leave places in source files out of programs: paths of this machine, which also vary."""
    before = jax.config.values['jax_traceback_in_locations_limit']
    jax.config.update('jax_traceback_in_locations_limit', 0)
    try:
        yield
    finally:
        jax.config.update('jax_traceback_in_locations_limit', before)
