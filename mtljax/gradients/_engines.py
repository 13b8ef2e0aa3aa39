"""The engines: how T pullbacks are computed. They give the same rows."""

from collections.abc import Callable
from typing import Any

import jax

from mtljax import trees
from mtljax.base import Params
from mtljax.gradients._jacobian import Engine

_UNROLLED_TASKS = 16


def batched(pull: Callable[[Any], Params], rows: Any) -> Params:
    """All pullbacks in one vmap: memory of T gradients and T times the backward's activations."""
    return jax.vmap(pull)(rows)


def loop(pull: Callable[[Any], Params], rows: Any) -> Params:
    """One pullback after the other: memory of T gradients, one backward's activations.

    Unrolled for up to 16 tasks, which is faster; under ``lax.map`` above, which compiles in
    constant time.
    """
    num_tasks = jax.tree.leaves(rows)[0].shape[0]
    if num_tasks > _UNROLLED_TASKS:
        return jax.lax.map(pull, rows)
    return trees.stack([pull(trees.row(rows, task)) for task in range(num_tasks)])


_ENGINES: dict[str, Engine] = {'auto': batched, 'batched': batched, 'loop': loop}


def engine_of(name: str) -> Engine:
    """The engine with that name.

    Raises:
      ValueError: there is none.
    """
    if name not in _ENGINES:
        raise ValueError(f'engine should be one of {sorted(_ENGINES)}. Found engine = {name!r}.')
    return _ENGINES[name]
