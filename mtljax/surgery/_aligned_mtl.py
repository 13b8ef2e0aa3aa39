"""Aligned-MTL: the task gradients become orthogonal and get one length."""

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
    """Aligned-MTL: rescale the principal components of the task gradients to one size.

    Let J be the matrix whose T rows are the task gradients, and let ``J J^T = V S^2 V^T`` be the
    eigendecomposition of its Gramian. The diagonal matrix S then holds the singular values of J.
    The update is ``d = J^T B p`` with ``B = s V S^-1 V^T``. Here s is by default the smallest
    non-zero singular value, and the vector p weights the tasks (Senushkin, Patakin, Kuznetsov,
    Konushin, CVPR 2023, https://arxiv.org/abs/2305.19000). By default all entries of p are 1, as in
    the authors' code. In the library TorchJD they are ``1/T``.

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Zero gradients and tasks without a label in the batch are left out. The method is deterministic.
    If a task gradient is not finite, the update is not finite.

    Args:
      scale: How s is computed from the non-zero singular values: their minimum, their median or
        their root mean square (``'rmse'``). The median of an even number of values is the mean of
        the middle two.
      preference: The vector p, ``[T]``. None means a vector of ones.

    Raises:
      ValueError: ``scale`` is unknown, or ``preference`` is not one finite number >= 0 per task.

    >>> method = aligned_mtl()
    >>> updates = {'w': jnp.array([[3.0, 0.0], [0.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """
    if scale not in _LEVELS:
        raise ValueError(f'scale should be one of {_LEVELS}. Found scale = {scale!r}.')
    if preference is not None:
        check_weights('preference', preference)

    def weigh(norms, cosines, inner, *, losses, active, key):
        wish = jnp.ones_like(norms)
        if preference is not None:
            check_one_per_task('preference', preference, len(norms))
            wish = jnp.asarray(preference, norms.dtype)
        return solvers.balanced(norms, cosines, wish, active, scale), inner

    return from_cosines(weigh, scale='sum')
