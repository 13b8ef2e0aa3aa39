"""Checks of the shapes of predictions and masks."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Shaped

from mtljax.base import Array
from mtljax.losses import expand


def check_logits(
    name: str,
    prediction: Shaped[Array | np.ndarray, '*_'],
    target: Shaped[Array | np.ndarray, '*_'],
) -> None:
    """Raise a ValueError unless there is one logit per label.

    >>> check_logits('auc', jnp.ones((4, 1)), jnp.ones(4))
    Traceback (most recent call last):
    ValueError: auc expects one logit per label. Found prediction (4, 1) and target (4,).
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f'{name} expects one logit per label. '
            f'Found prediction {prediction.shape} and target {target.shape}.'
        )


def per_entry(
    mask: Bool[Array | np.ndarray, 'B *_'], values: Shaped[Array | np.ndarray, '*shape']
) -> Bool[Array, '*shape']:
    """The mask, broadcast to the shape of ``values``.

    >>> per_entry(jnp.ones(2, bool), jnp.ones((2, 3))).shape
    (2, 3)
    """
    return jnp.broadcast_to(expand(mask, values), values.shape)
