"""Squared distances between copies."""

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Array
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength


def l2(
    strength: Strength, *, where: str | None = 'task/towers', leaves: trees.Where = None
) -> Penalty:
    """Soft sharing: the squared distance of every two copies, ``sum_{s<t} |W_s - W_t|_F^2``.

    Duong, Cohn, Bird, Cook, ACL 2015 (https://aclanthology.org/P15-2139), who tie two parsers and
    write half of it. It is computed as T times the scatter about the mean copy: O(T) time and
    memory. The gradient, ``2 T (W_t - mean)``, is 0 where copies are equal.

    Args:
      strength: one number, or one per stage: ``{'stage0': 0.1}``, where a stage that is left out is
        not penalised, or a list in the order of the stages. 0 leaves the updates as they are.
      where: the path of the subtree in the parameters; None for the parameters themselves.
      leaves: which leaves of the subtree: those with at least two axes per copy (no biases) when
        left out, else paths from the subtree or a predicate on ``'stage0/Dense_0/kernel'``.

    Raises:
      ValueError: a strength that is no number >= 0 (in the factory); an unknown path or stage, no
        weight, or copies that share no leading axis (later).

    >>> towers = {'stage0': {'kernel': jnp.array([[[1.0, 2.0]], [[3.0, 2.0]]])}}
    >>> l2(0.5).value(towers).item()
    2.0
    """
    return per_layer(_l2, strength, where, leaves)


def _l2(weights: Array, path, state) -> Array:
    # Seen from one copy, equal copies are exactly 0; the shift has no derivative.
    shifted = weights - jax.lax.stop_gradient(weights[:1])
    centred = shifted - jnp.mean(shifted, axis=0, keepdims=True)
    return len(weights) * jnp.sum(centred**2)
