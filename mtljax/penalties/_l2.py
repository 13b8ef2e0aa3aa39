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

    Duong, Cohn, Bird, Cook, ACL 2015 (https://aclanthology.org/P15-2139) tie two parsers with half
    of this penalty. It is computed as T times the scatter about the mean copy, in O(T) time and
    memory. The gradient, ``2 T (W_t - mean)``, is 0 where copies are equal.

    Args:
      strength: One number, or one per stage: a list in the order of the stages, or a mapping such
        as ``{'stage0': 0.1}``, which does not penalise the stages that it leaves out. 0 does not
        change the updates.
      where: The path of the subtree in the parameters; None for all parameters.
      leaves: The leaves of the subtree that are penalised: paths from the subtree, or a predicate
        on ``'stage0/Dense_0/kernel'``. When None, the leaves with at least two axes per copy that
        are not named ``bias``.

    Raises:
      ValueError: In the factory, the strength is not a number >= 0. Later, a path or a stage is
        unknown, no leaf is a weight, or the copies have no common leading axis.

    >>> towers = {'stage0': {'kernel': jnp.array([[[1.0, 2.0]], [[3.0, 2.0]]])}}
    >>> l2(0.5).value(towers).item()
    2.0
    """
    return per_layer(_l2, strength, where, leaves)


def _l2(weights: Array, path, state) -> Array:
    # After the shift by one copy, equal copies are exactly 0. The shift has no derivative.
    shifted = weights - jax.lax.stop_gradient(weights[:1])
    centred = shifted - jnp.mean(shifted, axis=0, keepdims=True)
    return len(weights) * jnp.sum(centred**2)
