"""The sum of squared distances between towers."""

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Array
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength


def l2(
    strength: Strength, *, where: str | None = 'task/towers', leaves: trees.Where = None
) -> Penalty:
    """Penalise the squared distance between every two towers, layer by layer.

    A tower is one task's copy of the network; see `sharing.soft`. For one layer, the penalty is
    ``sum_{s<t} |W_s - W_t|_F^2``, where ``W_t`` holds the weights of the tower of task t, and
    ``|.|_F`` is the Frobenius norm. Duong, Cohn, Bird, Cook, ACL 2015
    (https://aclanthology.org/P15-2139) tie two parsers with half of this penalty.

    The gradient with respect to ``W_t`` is ``2 T (W_t - mean)``, where T is the number of towers,
    and ``mean`` is the mean of their weights. It is 0 where the towers are equal. Time and memory
    are O(T), because the penalty is computed from the distances to the mean.

    Args:
      strength: The factor of the penalty, one number or one per stage. Stages are the top-level
        keys in the parameters of the towers. For one number per stage, give a list in the order of
        the stages, or a mapping such as ``{'stage0': 0.1}``. Stages that the mapping does not name
        are not penalised. A strength of 0 does not change the updates.
      where: The path of the towers in the parameters. None penalises all parameters.
      leaves: The weights of the towers that are penalised: a sequence of paths such as
        ``['stage0']``, or a function from a path such as ``'stage0/Dense_0/kernel'`` to a boolean.
        The default is all weights with at least two axes per tower, except weights with the name
        ``bias``.

    Raises:
      ValueError: The strength is not a number >= 0. ``init`` and ``update`` raise this error if a
        path or a stage is unknown, if no weight is chosen, or if the weights differ in the size of
        their first axis, which is the number of towers.

    >>> towers = {'stage0': {'kernel': jnp.array([[[1.0, 2.0]], [[3.0, 2.0]]])}}
    >>> l2(0.5).value(towers).item()
    2.0
    """
    return per_layer(_l2, strength, where, leaves)


def _l2(weights: Array, path, state) -> Array:
    # The first tower is subtracted, as a constant, so that equal towers become exactly 0.
    shifted = weights - jax.lax.stop_gradient(weights[:1])
    centred = shifted - jnp.mean(shifted, axis=0, keepdims=True)
    return len(weights) * jnp.sum(centred**2)
