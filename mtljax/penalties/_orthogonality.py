"""Subspaces of a layer that should not overlap."""

import jax.numpy as jnp
import optax

from mtljax import trees
from mtljax.base import Array
from mtljax.options import check_count
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength


def orthogonality(
    strength: Strength,
    subspaces: int = 2,
    *,
    where: str | None = 'task/towers',
    leaves: trees.Where = None,
) -> Penalty:
    """Penalise the overlap of subspaces within each layer, as in sluice networks.

    A tower is one task's copy of the network; see `sharing.soft`. In each tower, the weights of a
    layer form a matrix with one column per output of the layer. The columns are split, in their
    order, into groups of equal size, the subspaces. ``G_ta`` is the matrix of group a in the tower
    of task t. For one layer, the penalty is ``sum_t sum_{a<b} |G_ta^T G_tb|_F^2``, where ``|.|_F``
    is the Frobenius norm (Ruder, Bingel, Augenstein, Søgaard, AAAI 2019,
    https://arxiv.org/abs/1705.08142).

    Args:
      strength: The factor of the penalty, one number or one per stage; see `l2`.
      subspaces: The number of groups, at least 2.
      where: The path of the towers in the parameters. None penalises all parameters.
      leaves: The weights of the towers that are penalised; see `l2`.

    Raises:
      ValueError: ``subspaces`` is not a whole number >= 2. ``init`` raises this error if the size
        of the last axis of a weight is not a multiple of ``subspaces``. For other cases see `l2`.

    >>> towers = {'stage0': {'kernel': jnp.array([[[1.0, 2.0], [1.0, -1.0]]])}}
    >>> orthogonality(0.5).value(towers).item()
    0.5
    """
    check_count('subspaces', subspaces, 2)

    def start(layers):
        for path, weights in layers.items():
            if weights.shape[-1] % subspaces:
                raise ValueError(
                    f'{subspaces} subspaces should divide the last axis of every weight. '
                    f'Found {path!r} {weights.shape}.'
                )
        return optax.EmptyState()

    def value(weights, path, state):
        return _overlap(weights.reshape(len(weights), -1, weights.shape[-1]), subspaces)

    return per_layer(value, strength, where, leaves, start=start)


def _overlap(weights: Array, subspaces: int) -> Array:
    """The overlap of weights ``[T, in, out]``. The sum has every pair twice, so it is halved."""
    products = jnp.einsum('tia,tib->tab', weights, weights, precision='highest')
    group = jnp.arange(weights.shape[-1]) * subspaces // weights.shape[-1]
    apart = group[:, None] != group[None, :]
    return jnp.sum(jnp.where(apart[None], products, 0) ** 2) / 2
