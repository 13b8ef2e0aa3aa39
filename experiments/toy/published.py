"""MGDA for two tasks as published code computes it, if the difference changes a result."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import surgery


def mgda(*, least: ArrayLike = 0.0, epsilon: ArrayLike = 0.0) -> surgery.Surgery:
    """Return an MGDA with the constants of published code, which is less exact than `surgery.mgda`.

    On the front the exact update is zero, and Adam rescales any remainder to steps of full length.
    The two constants therefore move a run along the front.

    Args:
      least: The bound of the weights, ``[least, 1 - least]``, when a single gradient is the
        solution. It is 1e-3 in the code of Sener and Koltun, which Nash-MTL and FAMO use.
      epsilon: A constant added to ``|g_1 - g_2|^2``. It is 1e-8 in the code of CAGrad.

    >>> method = mgda(least=1e-3)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [2.0, 0.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].round(4).tolist()
    [1.000..., 0.0]
    """

    def weigh(G, inner, *, losses, active, key):
        first, both, second = G[0, 0], G[0, 1], G[1, 1]
        share = (second - both) / (first + second - 2 * both + epsilon)
        share = jnp.where(both >= second, least, share)
        share = jnp.where(both >= first, 1 - least, share)
        return jnp.stack([share, 1 - share]), inner

    return surgery.from_gramian(weigh, scale='mean')
