"""The engines: ways to compute T pullbacks. All give the same rows."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
from absl import logging

from mtljax import trees
from mtljax.base import Params
from mtljax.gradients._jacobian import Engine
from mtljax.tracing import attends, convolves, device_memory

NAMES = ('auto', 'batched', 'lean', 'loop', 'representation')
_PREFERENCES = ('time', 'memory')
_LARGER, _LEAST_BYTES = 2, 1 << 20
_UNROLLED_TASKS = 16
_COPIES, _SHARE_OF_MEMORY = 2, 8  # of the rows, on an accelerator


def batched(pull: Callable[[Any], Any], rows: Any) -> Any:
    """All pullbacks in one vmap: memory of T gradients and T times the backward activations."""
    return jax.vmap(pull)(rows)


def loop(pull: Callable[[Any], Any], rows: Any) -> Any:
    """One pullback after the other: memory of T gradients and of one backward pass."""
    return jax.lax.map(pull, rows)


def unrolled(pull: Callable[[Any], Any], rows: Any) -> Any:
    """`loop` without a loop in the program, for operations that XLA runs slowly inside a loop.

    Each pullback waits for the one before it, so that only one holds its activations at a time.
    """
    results = []
    for row in trees.unstack(rows):
        held = jax.lax.optimization_barrier((row, results[-1])) if results else (row, None)
        results.append(pull(held[0]))
    return trees.stack(results)


def check_engine(engine: str, prefer: str) -> None:
    """Check the names of an engine and of a preference.

    Args:
      engine: One of the engines of `task_gradients`.
      prefer: ``'time'`` or ``'memory'``.

    Raises:
      ValueError: A name is unknown; the message lists the names that exist.

    >>> check_engine('lean', 'speed')
    Traceback (most recent call last):
    ValueError: prefer should be one of ['time', 'memory']. Found prefer = 'speed'.
    """
    if engine not in NAMES:
        raise ValueError(f'engine should be one of {list(NAMES)}. Found engine = {engine!r}.')
    if prefer not in _PREFERENCES:
        raise ValueError(
            f'prefer should be one of {list(_PREFERENCES)}. Found prefer = {prefer!r}.'
        )


def rows_of(name: str, pull: Callable[[Any], Params], cotangent: Any) -> Engine:
    """The function by which an engine computes one result per task.

    Args:
      name: The name of the engine.
      pull: One pullback. It is traced to see whether it runs fast inside a loop.
      cotangent: The argument of ``pull``.
    """
    if name not in ('loop', 'lean'):
        return batched
    return unrolled if _on_cpu() and convolves(pull, cotangent) else loop


def choose(
    params: Params, pull: Any, cotangent: Any, num_tasks: int, *, prefer: str = 'time'
) -> str:
    """The engine that ``'auto'`` stands for.

    ``prefer='time'``, on the CPU, with two tasks or more: ``'lean'`` where the shared parameters
    take a MiB or more, and also more than twice the memory that the backward pass keeps of a batch
    (wide dense layers, experts, embeddings, small batches). Otherwise ``'loop'``, but ``'batched'``
    for attention and for convolutions with more than 16 tasks. Convolutions are never lean on the
    CPU. On accelerators: ``'batched'`` while two copies of T gradients fill at most an eighth of
    the memory, else ``'lean'``; the rule of sizes above holds where the memory is not known. A
    function with a `jax.custom_vjp` is never lean: it has no pushforward.

    ``prefer='memory'``: ``'lean'`` where T gradients take more than twice the memory that the
    backward pass keeps, else ``'loop'``.

    Args:
      params: The shared parameters.
      pull: The pullback that `jax.vjp` returned. Its leaves are the arrays that it keeps.
      cotangent: The argument of ``pull``, or its shapes.
      num_tasks: T.
      prefer: ``'time'`` or ``'memory'``.

    Returns:
      The name of an engine.

    >>> import jax.numpy as jnp
    >>> weights, row = jnp.ones((512, 512)), jnp.ones((1, 512))
    >>> choose(weights, jax.vjp(lambda w: row @ w, weights)[1], row, 2)
    'lean'
    """
    size, saved = _bytes(params), _bytes(_without(pull, params))
    if prefer == 'memory':
        name = 'lean' if num_tasks * size > _LARGER * saved else 'loop'
    elif num_tasks == 1:
        name = 'batched'
    else:
        wide = size >= max(_LARGER * saved, _LEAST_BYTES)
        if _on_cpu():
            name = _fastest_on_cpu(pull, cotangent, num_tasks, wide=wide)
        else:
            name = _fastest_on_accelerator(num_tasks * size, device_memory(), wide=wide)
    logging.info('engine %s: %d bytes of shared parameters, %d of activations', name, size, saved)
    return name


def _fastest_on_accelerator(rows: int, memory: int | None, *, wide: bool) -> str:
    large = wide if memory is None else _COPIES * rows > memory / _SHARE_OF_MEMORY
    return 'lean' if large else 'batched'


def _fastest_on_cpu(pull: Any, cotangent: Any, num_tasks: int, *, wide: bool) -> str:
    if convolves(pull, cotangent):
        return 'loop' if num_tasks <= _UNROLLED_TASKS else 'batched'
    if wide:
        return 'lean'
    return 'batched' if attends(pull, cotangent) else 'loop'


def _on_cpu() -> bool:
    return jax.default_backend() == 'cpu'


def _without(pull: Any, params: Params) -> list[Any]:
    """The arrays that a pullback keeps, less the parameters, which are recognised by shape."""
    known = Counter((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(params))
    saved = list(
        {id(leaf): leaf for leaf in jax.tree.leaves(pull) if hasattr(leaf, 'dtype')}.values()
    )
    rest = []
    for leaf in saved:
        if known[leaf.shape, leaf.dtype]:
            known[leaf.shape, leaf.dtype] -= 1
        else:
            rest.append(leaf)
    return rest


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
