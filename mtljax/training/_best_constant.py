"""The constant prediction with the smallest mean loss."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax._numeric import divide
from mtljax.base import Task
from mtljax.losses import absolute_error, expand, label_count
from mtljax.training._task_loss import loss_sum

_EXACT = (
    optax.softmax_cross_entropy_with_integer_labels,
    optax.sigmoid_binary_cross_entropy,
    optax.softmax_cross_entropy,
    optax.squared_error,
    optax.l2_loss,
    absolute_error,
)
_EPSILON = 1e-6
_STEPS = 200


def best_constant(task: Task, like: Any, target: Any, mask: Any, weight: Any = None) -> Any:
    """Return the constant prediction with the smallest mean loss over labelled examples.

    Well-known constants are tried first: the mean, the median, logarithms of frequencies, and
    log-odds. Unless the loss is one whose best constant is among them, L-BFGS then lowers the loss.

    Args:
      task: The task, whose loss is lowered.
      like: The shapes of a prediction, ``[B, ...]``, as one array or a tree.
      target: The targets of B examples.
      mask: Booleans ``[B, ...]``, True where a label exists.
      weight: The weights of the labels, in the shape of the mask. By default they are 1.

    Returns:
      The prediction for one example; None if no constant has a finite loss.

    >>> from mtljax import heads
    >>> task = Task(heads.linear(), optax.squared_error)
    >>> best_constant(task, jnp.zeros(2), jnp.array([1.0, 2.0]), jnp.ones(2, bool)).item()
    1.5
    """

    @jax.jit
    def mean_loss(constant):
        size = len(mask)
        prediction = jax.tree.map(lambda y: jnp.broadcast_to(y, (size, *y.shape)), constant)
        total = loss_sum(task, prediction, target, mask, weight)
        return divide(total, label_count(mask, weight))

    known = list(_known(like, target, mask, weight))
    losses = [float(mean_loss(each)) for each in known]
    finite = [(value, index) for index, value in enumerate(losses) if math.isfinite(value)]
    if not finite:
        return None
    value, index = min(finite)
    if any(task.loss is each for each in _EXACT):
        return known[index]
    lowered = _lowered(mean_loss, known[index])
    return lowered if float(mean_loss(lowered)) < value else known[index]


def _known(like: Any, target: Any, mask: Any, weight: Any) -> Iterator[Any]:
    """Yield well-known constants in the shape of the prediction for one example, and zeros."""
    yield jax.tree.map(lambda y: jnp.zeros(y.shape[1:], y.dtype), like)
    if not hasattr(like, 'shape') or not hasattr(target, 'shape'):
        return
    target = jnp.asarray(target)
    rows = jnp.broadcast_to(expand(jnp.asarray(mask), target), target.shape)
    counts = rows
    if weight is not None:
        counts = jnp.where(rows, expand(jnp.asarray(weight), target), 0)
    whole = jnp.issubdtype(target.dtype, jnp.integer) or target.dtype == bool
    if whole and like.shape[:-1] == target.shape:
        yield jnp.log(_frequencies(target, counts, like.shape[-1]) + _EPSILON)
        return
    terms = target if weight is None else target * counts
    mean = divide(jnp.sum(terms, axis=0, where=rows, initial=0), jnp.sum(counts, axis=0))
    median = jnp.nan_to_num(jnp.nanmedian(jnp.where(rows, target, jnp.nan), axis=0))
    if weight is not None:
        median = _weighted_median(target, counts)
    for each in (mean, median, jnp.log(mean + _EPSILON), _log_odds(mean)):
        if each.shape == like.shape[1:]:
            yield each.astype(like.dtype)


def _weighted_median(target: jax.Array, counts: jax.Array) -> jax.Array:
    """Return the median at every place, ``[...]``, where row i counts ``counts[i]`` times.

    It is the mean of the lower and the upper median, and 0 without a label.
    """
    target = jnp.where(counts > 0, target, jnp.inf)
    order = jnp.argsort(target, axis=0)
    target = jnp.take_along_axis(target, order, axis=0)
    upto = jnp.cumsum(jnp.take_along_axis(counts, order, axis=0), axis=0)
    half = upto[-1:] / 2
    places = [jnp.argmax(upto >= half, axis=0), jnp.argmax(upto > half, axis=0)]
    sides = [jnp.take_along_axis(target, place[None], axis=0)[0] for place in places]
    return jnp.where(upto[-1] > 0, (sides[0] + sides[1]) / 2, 0)


def _log_odds(mean: jax.Array) -> jax.Array:
    share = jnp.clip(mean, 0, 1)
    return jnp.log((share + _EPSILON) / (1 - share + _EPSILON))


def _frequencies(target: jax.Array, counts: jax.Array, classes: int) -> np.ndarray:
    """Return the share of each class at every place, ``[..., C]``, without one-hot arrays."""
    places = target.shape[1:]
    size = math.prod(places)
    labels, each = np.asarray(target).reshape(-1, size), np.asarray(counts).reshape(-1, size)
    there = (each > 0) & (labels >= 0) & (labels < classes)
    kinds = np.arange(size) * classes + labels
    weights = None if each.dtype == bool else each[there]
    found = np.bincount(kinds[there], weights, minlength=size * classes)
    found = found.reshape(*places, classes).astype(np.float32)
    return np.asarray(divide(found, found.sum(-1, keepdims=True)))


def _lowered(mean_loss: Callable, start: Any) -> Any:
    """Return what L-BFGS makes of a constant."""
    tx = optax.lbfgs()
    value_and_grad = optax.value_and_grad_from_state(mean_loss)

    def step(carry, _):
        constant, state = carry
        value, gradient = value_and_grad(constant, state=state)
        updates, state = tx.update(
            gradient, state, constant, value=value, grad=gradient, value_fn=mean_loss
        )
        return (optax.apply_updates(constant, updates), state), None

    run = jax.jit(lambda constant: jax.lax.scan(step, (constant, tx.init(constant)), length=_STEPS))
    return run(start)[0][0]
