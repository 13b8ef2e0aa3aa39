"""What a metric can read."""

from mtljax.base import Array


def check_logits(name: str, prediction: Array, target: Array) -> None:
    """Raise a ValueError unless there is one logit per label.

    >>> import jax.numpy as jnp
    >>> check_logits('auc', jnp.ones((4, 1)), jnp.ones(4))
    Traceback (most recent call last):
    ValueError: auc expects one logit per label. Found prediction (4, 1) and target (4,).
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f'{name} expects one logit per label. '
            f'Found prediction {prediction.shape} and target {target.shape}.'
        )
