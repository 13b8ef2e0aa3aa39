"""Gates, which give a weight to each expert, and the mixture of the experts."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen
from jaxtyping import Float, Shaped

from mtljax._numeric import divide, divisor
from mtljax.base import Array, Module
from mtljax.module import features_of, from_linen, split_key

Gate = Module | Callable[[int], Module]
"""A module that gives one logit per expert, or a function from E to such a module."""


class _Linear(linen.Module):
    size: int

    @linen.compact
    def __call__(self, x):
        return linen.Dense(self.size)(x.reshape(x.shape[0], -1))


def linear_gate(size: int) -> Module:
    """Return the gate of the papers: one dense layer on the flattened input."""
    return from_linen(_Linear(size))


def softmax_gate(gate: Gate | Any, size: int, dropout: Any = 0.0) -> Module:
    """Return a gate with the weights ``softmax(gate(x))``, in float32, ``[B, E]``.

    Args:
      gate: A Module that gives the logits, or a function from E to such a Module.
      size: The number of experts E.
      dropout: The share of the weights that are set to 0 at random in training. The other weights
        of an example are scaled to sum to 1 again. If all weights of an example would be 0, they do
        not change. This keeps gates from settling on one expert (Zhao et al., RecSys 2019,
        https://doi.org/10.1145/3298689.3346997).

    >>> gate = softmax_gate(linear_gate, 3)
    >>> params, state = gate.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> gate.apply(params, state, jnp.ones((2, 4)))[0].sum(axis=1).round(3).tolist()
    [1.0, 1.0]
    """
    logits = gate if isinstance(gate, Module) or not callable(gate) else gate(size)
    if not isinstance(logits, Module):
        raise ValueError(
            'gate should be a Module, or a function from the number of experts to a Module, such '
            f'as heads.linear. Found gate = {gate!r}.'
        )

    def init(key, x):
        check_features('A gate', x)
        return logits.init(key, x)

    def apply(params, state, x, *, key=None, train=False):
        first, second = split_key(key, 2)
        y, state = logits.apply(params, state, x, key=first, train=train)
        if y.ndim != 2 or y.shape[1] != size:
            raise ValueError(
                f'A gate over {size} experts should give [B, {size}]. Found {y.shape}.'
            )
        weights = jax.nn.softmax(y.astype(jnp.float32))
        if train and not (isinstance(dropout, int | float) and dropout == 0):
            weights = _drop(weights, dropout, second)
        return weights, state

    return Module(init, apply)


def check_features(reader: str, x: Any) -> None:
    """Raise a ValueError unless ``x`` is one array of floats ``[B, ...]``."""
    if not hasattr(x, 'dtype') or not jnp.issubdtype(x.dtype, jnp.inexact) or x.ndim < 2:
        raise ValueError(
            f'{reader} should read floats [B, ..., C]. Found {jax.tree.map(jnp.shape, x)}. If the '
            'first stage embeds ids or columns, pass start=1 (or before=1) to the sharing scheme.'
        )


def _drop(weights: Float[Array, 'B E'], rate: Any, key: Any) -> Float[Array, 'B E']:
    if key is None:
        raise ValueError(
            'Gate dropout draws random numbers when train=True. Found key = None. Pass key=... to '
            'apply.'
        )
    rest = jnp.where(jax.random.bernoulli(key, rate, weights.shape), 0, weights)
    total = rest.sum(axis=1, keepdims=True)
    return jnp.where(total > 0, divide(rest, total), weights)


def mixture(gate: Module, size: int) -> Module:
    """Return a module ``(x, *rows) -> sum_e gate(x)_e rows_e`` that mixes the outputs of experts.

    Each element of ``rows`` is a group of experts with outputs ``[E', B, ...]``. Skip connections
    are mixed in the same way. Integers cannot be mixed: the result takes those of the most probable
    expert.

    The state describes the gate in the last training step. ``load``, ``[E]``, is the mean weight of
    each expert. ``entropy`` is the entropy of the weights in nats, averaged over examples. It is 0
    if each example uses one expert, and ``log E`` for equal weights.

    Args:
      gate: A module from x to weights ``[B, E]``.
      size: The number of experts E in all groups.
    """

    def init(key, z):
        params, state = gate.init(key, features_of(z[0]))
        even = {'load': jnp.full(size, 1 / size, jnp.float32), 'entropy': jnp.float32(np.log(size))}
        return params, {'gate': state, **even}

    def apply(params, state, z, *, key=None, train=False):
        x, *groups = z
        weights, inner = gate.apply(params, state['gate'], features_of(x), key=key, train=train)
        mixed = jax.tree.map(lambda *rows: _mixed(weights, rows), *groups)
        if not train:
            return mixed, state
        terms = weights * jnp.log(divisor(weights))
        load, entropy = weights.mean(axis=0), -terms.sum(axis=1).mean()
        return mixed, {'gate': inner, 'load': load, 'entropy': entropy}

    return Module(init, apply)


def _mixed(
    weights: Float[Array, 'B E'], groups: tuple[Shaped[Array, '_ B *inner'], ...]
) -> Shaped[Array, 'B *inner']:
    if not jnp.issubdtype(groups[0].dtype, jnp.inexact):
        every, likeliest = jnp.concatenate(groups), jnp.argmax(weights, axis=1)
        return jax.vmap(lambda rows, expert: rows[expert], in_axes=(1, 0))(every, likeliest)
    ends = np.cumsum([len(rows) for rows in groups])[:-1]
    parts = jnp.split(weights.astype(groups[0].dtype), ends, axis=1)
    return sum(map(_weighted, parts[1:], groups[1:]), _weighted(parts[0], groups[0]))


def _weighted(
    weights: Float[Array, 'B E'], rows: Float[Array, 'E B *inner']
) -> Float[Array, 'B *inner']:
    return jnp.einsum('be,eb...->b...', weights, rows)
