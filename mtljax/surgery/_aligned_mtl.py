"""Aligned-MTL: the gradients become orthogonal and get one length."""

from typing import Literal

import jax.numpy as jnp

from mtljax import solvers
from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery

_LEVELS = ('min', 'median', 'rmse')


def aligned_mtl(
    *, scale: Literal['min', 'median', 'rmse'] = 'min', preference: PerTask | None = None
) -> Surgery:
    """Aligned-MTL: the gradients' principal components, all with one singular value.

    ``d = J^T B p`` with ``B = s V S^-1 V^T`` from ``G = V S^2 V^T``, s the smallest non-zero
    singular value (Senushkin, Patakin, Kuznetsov, Konushin, CVPR 2023,
    https://arxiv.org/abs/2305.19000).

    With ``p = 1`` (the authors' code) equal gradients g give ``T g``; TorchJD takes ``p = 1/T``.
    Head gradients are not weighted. The method is not random. Inactive tasks and zero gradients are
    excluded; a gradient that is not finite makes the update not finite.

    Args:
      scale: How s is computed from the non-zero singular values: their minimum, their median (of an
        even number, the mean of the middle two), or their root mean square.
      preference: The vector p, ``[T]``; ones when None.

    Raises:
      ValueError: The scale is unknown, or the preference is not T finite numbers >= 0.

    >>> method = aligned_mtl()
    >>> updates = {'w': jnp.array([[3.0, 0.0], [0.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """
    if scale not in _LEVELS:
        raise ValueError(f'scale should be one of {_LEVELS}. Found scale = {scale!r}.')
    check_weights('preference', preference)

    def weigh(norms, cosines, inner, *, losses, active, key):
        wish = jnp.ones_like(norms)
        if preference is not None:
            check_one_per_task('preference', preference, len(norms))
            wish = jnp.asarray(preference, norms.dtype)
        return solvers.balanced(norms, cosines, wish, active, scale), inner

    return from_cosines(weigh, scale='sum')
