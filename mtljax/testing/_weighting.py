"""The rules that every weighting keeps, as one function."""

from collections.abc import Callable

import numpy as np

from mtljax.base import Weighting
from mtljax.testing._weighting_case import WeightingCase
from mtljax.testing._weighting_checks import WEIGHTING_CHECKS


def check_weighting(
    weighting: Weighting | Callable[[np.ndarray], Weighting],
    *,
    draws: bool = False,
    rtol: float = 1e-5,
) -> None:
    """Check that a weighting keeps the rules that all weightings of mtljax keep.

    The weights are one per task, finite, not negative and not all 0, in the dtype of the losses but
    float32 at least. Neither jit nor ``lax.scan`` nor vmap changes them. They are constants to
    autodiff. Huge and tiny losses give finite weights. A task without a label in the batch gets
    weight 0 and does not change the other weights; its loss is not read. The state does not change
    its layout, and its arrays can be donated. The order of the tasks does not matter.

    Args:
      weighting: A weighting; or, if its options differ between tasks, a function from the numbers
        of the tasks, an array ``[T]``, to the weighting of these tasks.
      draws: Whether the weights are random, from the key.
      rtol: The relative tolerance.

    Raises:
      AssertionError: The weighting breaks a rule; the message names it.

    >>> import jax.numpy as jnp
    >>> from mtljax.base import Weighting
    >>> def update(losses, state, *, active=None, key=None):
    ...     return jnp.ones(losses.shape), state
    >>> check_weighting(Weighting(lambda num_tasks: (), update))
    Traceback (most recent call last):
    AssertionError: inactive_tasks_do_not_count: ...
    """
    case = WeightingCase(weighting, draws, rtol)
    for check in WEIGHTING_CHECKS:
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f'{check.__name__}: {error}') from error
