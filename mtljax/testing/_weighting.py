"""A check of weightings."""

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
    """Check that a weighting follows the rules that all weightings of mtljax follow.

    The rules:

    - There is one weight per task. The weights are finite, not negative and not all 0. They have
      the dtype of the losses, but at least float32.
    - Neither jit, nor ``lax.scan``, nor vmap changes the weights. Autodiff treats them as
      constants.
    - Huge and tiny losses give finite weights.
    - A task without a label in the batch gets weight 0 and does not change the other weights. Its
      loss is not read.
    - The state keeps its structure, shapes and dtypes, and its arrays can be donated.
    - The order of the tasks does not matter.

    Args:
      weighting: A weighting. If its options differ between tasks, pass a function from an array of
        task indices to the weighting of these tasks.
      draws: Whether the weights are random, drawn from the key.
      rtol: The relative tolerance.

    Raises:
      AssertionError: The weighting breaks a rule. The message names the rule.

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
