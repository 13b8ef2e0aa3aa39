"""The shape that every penalty has: a function of parallel copies, and its gradient in a chain."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from mtljax import trees
from mtljax.base import Array, PyTree
from mtljax.penalties._layers import is_under, name_of, select_layers, under
from mtljax.penalties._strength import Strength, check_strength, scaled, strength_by_stage

_NO_PARAMS = 'A penalty needs the parameters: pass params to update.'
_ORDER = (
    'A penalty stands behind the surgery, where updates have the shape of the parameters: '
    'optax.chain(surgery.on_shared(...), penalties.l2(0.1), optax.adam(1e-3)).'
)


class Penalty(optax.GradientTransformationExtraArgs):
    """An optax transform that adds the gradient of a penalty to the updates, like weight decay.

    It acts on parallel copies of one module, a subtree of the parameters whose leaves ``[T, ...]``
    hold one copy per task. It stands behind the surgery and before the optimiser.

    Attributes:
      value: ``(subtree, state=None) -> scalar``, float32 at least: the penalty itself. ``state`` is
        that of the transform, for penalties that have one; a fresh one when left out.
    """

    value: Callable[..., Array]


def per_layer(
    fn: Callable[..., Array],
    strength: Strength,
    where: str | None,
    leaves: trees.Where,
    *,
    start: Callable[[dict[str, Array]], Any] = lambda layers: optax.EmptyState(),
    advance: Callable[[Any, dict[str, Array]], Any] = lambda state, layers: state,
) -> Penalty:
    """``sum_l strength_l fn(W_l)``, with W_l ``[T, ...]``.

    Args:
      fn: ``(weights [T, ...], path, state) -> scalar``; weights are float32 at least.
      strength: one number, or one per stage: ``{'stage0': 0.1}``, where a stage that is left out is
        not penalised, or a list in the order of the stages. Stages are the top-level keys of the
        subtree.
      where: the path of the subtree in the parameters; None for the parameters themselves.
      leaves: which leaves of the subtree: those with at least two axes per copy that are not named
        ``bias`` when left out, else paths from the subtree or a predicate on
        ``'stage0/Dense_0/kernel'``.
      start: ``{path: weights} -> state``.
      advance: ``(state, {path: weights}) -> state``, once a step, after the gradient.

    Raises:
      ValueError: a strength that is no number >= 0 or a ``where`` that is no path (in the
        factory); an unknown path or stage, no weight, or copies that share no leading axis (at
        init, update and value); updates that do not have the shape of the parameters.

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
        layers, own = _read(under(subtree, None), strength, leaves)
        state = start(layers) if state is None else state
        terms = [scaled(own[path], fn(w, path, state)) for path, w in layers.items()]
        return sum(terms, start=jnp.zeros((), jnp.float32))

    def init(params):
        return start(_read(under(params, where), strength, leaves)[0])

    def update(updates, state, params=None, **extra):
        del extra
        if params is None:
            raise ValueError(_NO_PARAMS)
        found = under(params, where)
        layers, own = _read(found, strength, leaves)
        slopes = {}
        for path, weights in layers.items():
            slope = jax.grad(fn)(weights, path, state).reshape(jnp.shape(found[path]))
            slopes[_join(where, path)] = own[path], slope
        return _add(updates, slopes), advance(state, layers)

    penalty = Penalty(init, update)
    penalty.value = value
    return penalty


def _read(found: dict[str, Any], strength: Strength, leaves: trees.Where):
    """``{path: weights [T, ...]}`` of the layers that are penalised, and ``{path: strength}``."""
    stages = strength_by_stage(strength, found)
    chosen = select_layers(found, leaves).items()
    own = {path: stages[stage] for path, _ in chosen if (stage := path.split('/')[0]) in stages}
    return {path: _weights(leaf) for path, leaf in chosen if path in own}, own


def _add(updates: PyTree, slopes: dict[str, tuple[Any, Array]]) -> PyTree:
    def add(path, leaf):
        name = name_of(path)
        if name not in slopes:
            if any(is_under(other, name) for other in slopes):
                raise ValueError(f'{_ORDER} Found {type(leaf).__name__} at {name!r}.')
            return leaf
        strength, slope = slopes[name]
        if jnp.shape(leaf) != slope.shape:
            raise ValueError(f'{_ORDER} Found {jnp.shape(leaf)} at {name!r}, not {slope.shape}.')
        factor = jnp.asarray(strength, slope.dtype)
        total = (leaf.astype(slope.dtype) + factor * slope).astype(leaf.dtype)
        return jnp.where(factor == 0, leaf, total)

    return jax.tree_util.tree_map_with_path(add, updates)


def _join(where, path):
    return '/'.join(part for part in (where, path) if part)


def _weights(leaf: Array) -> Array:
    """Float32 at least, with one axis at least per copy."""
    leaf = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
    return leaf[:, None] if leaf.ndim == 1 else leaf
