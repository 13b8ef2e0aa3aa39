"""The engines: how T pullbacks are computed. They give the same rows."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
from absl import logging

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


_ROWS: dict[str, Engine] = {'batched': batched, 'loop': loop}
_NAMES = ('auto', 'batched', 'lean', 'loop', 'representation')
_LARGER, _LEAST_BYTES = 2, 1 << 20


def check_engine(name: str) -> None:
    """Raise a ValueError unless there is an engine with that name."""
    if name not in _NAMES:
        raise ValueError(f'engine should be one of {list(_NAMES)}. Found engine = {name!r}.')


def rows_of(name: str) -> Engine:
    """How an engine forms rows where a method asks for them."""
    return _ROWS.get(name, loop if name == 'lean' else batched)


def choose(params: Params, pull: Any, num_tasks: int) -> str:
    """The engine that ``'auto'`` stands for.

    ``'lean'`` where the shared parameters take a MiB or more, and more than twice what the
    backward pass keeps of a batch (wide dense layers, experts, embeddings, small batches), for two
    tasks or more; else ``'batched'``.

    Args:
      params: the shared ones.
      pull: the pullback that `jax.vjp` returned, a tree that holds what it keeps.
      num_tasks: T.

    >>> import jax.numpy as jnp
    >>> weights, row = jnp.ones((512, 512)), jnp.ones((1, 512))
    >>> choose(weights, jax.vjp(lambda w: row @ w, weights)[1], 2)
    'lean'
    """
    size, activations = _bytes(params), _bytes(_without(pull, params))
    wide = num_tasks > 1 and size > max(_LARGER * activations, _LEAST_BYTES - 1)
    form = 'lean' if wide else 'batched'
    logging.info('engine %s: parameters %d bytes, activations %d', form, size, activations)
    return form


def _without(pull: Any, params: Params) -> list[Any]:
    """What a pullback keeps, less the parameters themselves, which are known by their shapes."""
    own = Counter((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(params))
    kept = list(
        {id(leaf): leaf for leaf in jax.tree.leaves(pull) if hasattr(leaf, 'dtype')}.values()
    )
    rest = []
    for leaf in kept:
        if own[leaf.shape, leaf.dtype]:
            own[leaf.shape, leaf.dtype] -= 1
        else:
            rest.append(leaf)
    return rest


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
