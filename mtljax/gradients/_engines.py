"""The engines: ways to run one pullback per task. The exact engines give the same gradients."""

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
_COPIES, _SHARE_OF_MEMORY = 2, 8  # two copies of the rows should fit 1/8 of the memory


def batched(pull: Callable[[Any], Any], rows: Any) -> Any:
    """Run all T pullbacks in one vmap, with memory for T gradients and T sets of activations."""
    return jax.vmap(pull)(rows)


def loop(pull: Callable[[Any], Any], rows: Any) -> Any:
    """Run one pullback after the other. This stores T gradients and one set of activations."""
    return jax.lax.map(pull, rows)


def unrolled(pull: Callable[[Any], Any], rows: Any) -> Any:
    """`loop` without a loop in the program, for operations that XLA runs slowly inside a loop.

    Each pullback waits for the one before it, so that only one stores its activations at a time.
    """
    results = []
    for row in trees.unstack(rows):
        held = jax.lax.optimization_barrier((row, results[-1])) if results else (row, None)
        results.append(pull(held[0]))
    return trees.stack(results)


def check_engine(engine: str, prefer: str) -> None:
    """Raise an error if the name of an engine or of a preference is unknown.

    Args:
      engine: The name of an engine, which is a way to compute the gradients of all tasks.
        `task_gradients` lists the engines.
      prefer: What the engine ``'auto'`` should save, ``'time'`` or ``'memory'``.

    Raises:
      ValueError: A name is unknown. The message lists the known names.

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
    """The function that an engine uses to compute one result per task.

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
    """Choose the engine for `task_gradients` with ``engine='auto'``.

    An engine is a way to compute the gradients of T tasks; `task_gradients` lists the engines. With
    ``prefer='time'``, the choice is:

    - For one task: ``'batched'``.
    - On a CPU, for a model with a convolution: ``'loop'`` for up to 16 tasks, and ``'batched'`` for
      more tasks.
    - On a CPU, for any other model: ``'lean'`` if the shared parameters are large. If they are not
      large: ``'batched'`` for a model with attention, and ``'loop'`` for a model without attention.
    - On an accelerator: ``'batched'`` if two copies of T gradients fill at most an eighth of the
      device memory, and ``'lean'`` if they fill more. If the size of the device memory is not
      known: ``'lean'`` if the shared parameters are large, and ``'batched'`` if they are not.

    Here, shared parameters are called large if they take at least 1 MiB, and also at least twice
    the memory of the activations that the backward pass needs. This is common in models with wide
    dense layers, experts or embeddings, and with small batches.

    With ``prefer='memory'``, the choice is ``'lean'`` if T gradients take more than twice the
    memory of these activations, and ``'loop'`` if they do not.

    The engine ``'lean'`` needs forward-mode derivatives. A model with a `jax.custom_vjp` has none.
    If `choose` returns ``'lean'`` for such a model, `task_gradients` uses ``'loop'`` instead.

    Args:
      params: The shared parameters.
      pull: The backward pass, which is the function that `jax.vjp` returned.
      cotangent: The argument of ``pull``, or a tree with its shapes.
      num_tasks: The number of tasks, T.
      prefer: What the engine should save, ``'time'`` or ``'memory'``.

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
    """The arrays that a pullback stores, without the parameters, which are recognised by shape."""
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
