"""The constant prediction with the smallest mean loss."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax.losses import absolute_error, expand, labelled, masked_mean

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


def best_constant(loss: Callable, like: Any, target: Any, mask: Any) -> Any:
    """Return the constant prediction with the smallest mean loss over labelled examples.

    Well-known constants are tried first: the mean, the median, logarithms of frequencies, and
    log-odds. Unless the loss is one whose best constant is among them, L-BFGS then lowers the loss.

    Args:
      loss: ``(prediction, target) -> [B, ...]``.
      like: The shapes of a prediction, ``[B, ...]``, as one array or a tree.
      target: The targets of B examples.
      mask: Booleans ``[B, ...]``, True where a label exists.

    Returns:
      The prediction for one example; None if no constant has a finite loss.

    >>> best_constant(
    ...     optax.squared_error, jnp.zeros(2), jnp.array([1.0, 2.0]), jnp.ones(2, bool)
    ... ).item()
    1.5
    """

    @jax.jit
    def mean_loss(constant):
        size = len(mask)
        prediction = jax.tree.map(lambda y: jnp.broadcast_to(y, (size, *y.shape)), constant)
        return masked_mean(loss(*labelled(prediction, target, mask)), mask)

    known = list(_known(like, target, mask))
    losses = [float(mean_loss(each)) for each in known]
    finite = [(value, index) for index, value in enumerate(losses) if math.isfinite(value)]
    if not finite:
        return None
    value, index = min(finite)
    if any(loss is each for each in _EXACT):
        return known[index]
    lowered = _lowered(mean_loss, known[index])
    return lowered if float(mean_loss(lowered)) < value else known[index]


def _known(like: Any, target: Any, mask: Any) -> Iterator[Any]:
    """Yield well-known constants in the shape of the prediction for one example, and zeros."""
    yield jax.tree.map(lambda y: jnp.zeros(y.shape[1:], y.dtype), like)
    if not hasattr(like, 'shape') or not hasattr(target, 'shape'):
        return
    target = jnp.asarray(target)
    rows = jnp.broadcast_to(expand(jnp.asarray(mask), target), target.shape)
    whole = jnp.issubdtype(target.dtype, jnp.integer) or target.dtype == bool
    if whole and like.shape[:-1] == target.shape:
        yield jnp.log(_frequencies(target, rows, like.shape[-1]) + _EPSILON)
        return
    count = jnp.maximum(jnp.sum(rows, axis=0), 1)
    mean = jnp.sum(target, axis=0, where=rows, initial=0) / count
    median = jnp.nan_to_num(jnp.nanmedian(jnp.where(rows, target, jnp.nan), axis=0))
    for each in (mean, median, jnp.log(mean + _EPSILON), _log_odds(mean)):
        if each.shape == like.shape[1:]:
            yield each.astype(like.dtype)


def _log_odds(mean: jax.Array) -> jax.Array:
    share = jnp.clip(mean, 0, 1)
    return jnp.log((share + _EPSILON) / (1 - share + _EPSILON))


def _frequencies(target: jax.Array, rows: jax.Array, classes: int) -> np.ndarray:
    """Return the share of each class at every place, ``[..., C]``, without one-hot arrays."""
    places = target.shape[1:]
    size = math.prod(places)
    labels, there = np.asarray(target).reshape(-1, size), np.asarray(rows).reshape(-1, size)
    there = there & (labels >= 0) & (labels < classes)
    kinds = np.arange(size) * classes + labels
    found = np.bincount(kinds[there], minlength=size * classes)
    counts = found.reshape(*places, classes).astype(np.float32)
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1)


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
