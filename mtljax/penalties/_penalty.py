"""The type of every penalty: a function of the towers, and its gradient in an optax chain."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from mtljax import trees
from mtljax.base import Array, PyTree
from mtljax.penalties._layers import is_under, select_layers, under
from mtljax.penalties._strength import Strength, check_strength, scaled, strength_by_stage

_NO_PARAMS = (
    'params should be the parameters when a penalty is updated. Found params = None. '
    'Call update(updates, state, params).'
)
_ORDER = (
    'A penalty should come after the surgery, where updates have the shape of the parameters: '
    'optax.chain(surgery.on_shared(...), penalties.l2(0.1), optax.adam(1e-3)).'
)


class Penalty(optax.GradientTransformationExtraArgs):
    """An optax transform that adds the gradient of a penalty to the updates, like weight decay.

    It acts on the towers of T tasks: a subtree of the parameters, in which the leaves of all towers
    are stacked along their first axis, ``[T, ...]``. In an optax chain, it comes before the
    optimiser, and after the surgery, which combines the task gradients.

    Attributes:
      value: ``(subtree, state=None) -> scalar``, the value of the penalty, in float32 or wider.
        ``subtree`` holds the towers. ``state`` is the state of the transform, by default its
        initial state. Only `tensor_normal` uses a state.
    """

    value: Callable[..., Array]

    def __new__(
        cls, init: Any, update: Any, value: Callable[..., Array] | None = None
    ) -> 'Penalty':
        penalty = super().__new__(cls, init, update)
        if value is not None:  # copies set it afterwards
            penalty.value = value
        return penalty


def per_layer(
    fn: Callable[..., Array],
    strength: Strength,
    where: str | None,
    leaves: trees.Where,
    *,
    start: Callable[[dict[str, Array]], Any] = lambda layers: optax.EmptyState(),
    advance: Callable[[Any, dict[str, Array]], Any] = lambda state, layers: state,
) -> Penalty:
    """A penalty that sums ``strength_l fn(W_l)`` over layers l, with weights ``W_l`` ``[T, ...]``.

    Args:
      fn: ``(weights [T, ...], path, state) -> scalar``. The weights are at least float32.
      strength: One number, or one per stage, as in `l2`. Stages are the top-level keys of the
        subtree.
      where: The path of the subtree in the parameters. None for all parameters.
      leaves: The leaves of the subtree that are penalised, as in `l2`.
      start: ``{path: weights} -> state``, which makes the first state.
      advance: ``(state, {path: weights}) -> state``, which makes the next state. It runs once per
        step, after the gradient.

    Raises:
      ValueError: At once, if the strength is not a number >= 0, or ``where`` is not a path. At
        init, update and value, if a path or a stage is unknown, no leaf is a weight, or the towers
        have no common leading axis. At update, if the updates do not have the shape of the
        parameters.

    >>> penalty = per_layer(lambda w, path, state: jnp.sum(w**2) / 2, 0.5, 'towers', None)
    >>> params = {'towers': jnp.ones((2, 1, 1)), 'other': jnp.ones(3)}
    >>> penalty.value(params['towers']).item()
    0.5
    >>> updates = jax.tree.map(jnp.zeros_like, params)
    >>> updates, _ = penalty.update(updates, penalty.init(params), params)
    >>> updates['towers'].ravel().tolist(), updates['other'].tolist()
    ([0.5, 0.5], [0.0, 0.0, 0.0])
    """
    check_strength(strength)
    if not (where is None or (isinstance(where, str) and where)):
        raise ValueError(f"where should be a path such as 'task/towers'. Found where = {where!r}.")

    def value(subtree, state=None):
        layers, strengths = _read(under(subtree, None), strength, leaves)
        state = start(layers) if state is None else state
        terms = [scaled(strengths[path], fn(w, path, state)) for path, w in layers.items()]
        return sum(terms, start=jnp.zeros((), jnp.float32))

    def init(params):
        return start(_read(under(params, where), strength, leaves)[0])

    def update(updates, state, params=None, **extra):
        del extra
        if params is None:
            raise ValueError(_NO_PARAMS)
        below = under(params, where)
        layers, strengths = _read(below, strength, leaves)
        slopes = {}
        for path, weights in layers.items():
            slope = jax.grad(fn)(weights, path, state).reshape(jnp.shape(below[path]))
            slopes[_join(where, path)] = strengths[path], slope
        return _add(updates, slopes), advance(state, layers)

    return Penalty(init, update, value)


def _read(below: dict[str, Any], strength: Strength, leaves: trees.Where):
    """The penalised weights and their strengths: ``{path: [T, ...]}`` and ``{path: strength}``."""
    stages = strength_by_stage(strength, below)
    strengths, layers = {}, {}
    for path, leaf in select_layers(below, leaves).items():
        stage = path.split('/')[0]
        if stage in stages:
            strengths[path], layers[path] = stages[stage], _weights(leaf)
    return layers, strengths


def _add(updates: PyTree, slopes: dict[str, tuple[Any, Array]]) -> PyTree:
    def add(path, leaf):
        name = trees.path_name(path)
        if name not in slopes:
            if any(is_under(other, name) for other in slopes):
                raise ValueError(f'{_ORDER} Found {type(leaf).__name__} at {name!r}.')
            return leaf
        strength, slope = slopes[name]
        if jnp.shape(leaf) != slope.shape:
            raise ValueError(
                f'{_ORDER} Found an update of shape {jnp.shape(leaf)} at {name!r}, but a parameter '
                f'of shape {slope.shape}.'
            )
        factor = jnp.asarray(strength, slope.dtype)
        total = (leaf.astype(slope.dtype) + factor * slope).astype(leaf.dtype)
        return jnp.where(factor == 0, leaf, total)

    return jax.tree_util.tree_map_with_path(add, updates)


def _join(where, path):
    return '/'.join(part for part in (where, path) if part)


def _weights(leaf: Array) -> Array:
    """The leaf with at least float32, and with at least one axis per tower."""
    leaf = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
    return leaf[:, None] if leaf.ndim == 1 else leaf
