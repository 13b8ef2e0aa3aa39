"""A check of weightings."""

from collections.abc import Callable

import numpy as np

from mtljax.base import Weighting
from mtljax.options import check_not_negative
from mtljax.testing._weighting_case import WeightingCase
from mtljax.testing._weighting_checks import WEIGHTING_CHECKS


def check_weighting(
    weighting: Weighting | Callable[[np.ndarray], Weighting],
    *,
    draws: bool = False,
    rtol: float = 1e-5,
) -> None:
    """Check that a weighting follows the rules that all weightings of mtljax follow.

    These are the rules:

    - There is one weight per task. The weights are finite, not negative and not all 0. They have
      the dtype of the losses, but at least float32.
    - The weights do not depend on the use of ``jit``, ``lax.scan`` or ``vmap``. Autodiff treats the
      weights as constants.
    - Huge and tiny losses give finite weights.
    - A task without a label in the batch gets weight 0. Its loss is not read and does not change
      the other weights.
    - The state keeps its structure, shapes and dtypes, and its arrays can be donated to a compiled
      function.
    - If the tasks are reordered, each task has the same weight as before.

    Args:
      weighting: The weighting to check. If its options differ between tasks, pass a function that
        receives an array of task indices and returns the weighting with the options of these tasks.
      draws: Whether the weighting draws random weights with its key.
      rtol: The relative tolerance when two weights are compared.

    Raises:
      AssertionError: The weighting breaks a rule. The message says which rule.

    >>> import jax.numpy as jnp
    >>> from mtljax.base import Weighting
    >>> def update(losses, state, *, active=None, key=None):
    ...     return jnp.ones(losses.shape), state
    >>> check_weighting(Weighting(lambda num_tasks: (), update))
    Traceback (most recent call last):
    AssertionError: inactive_tasks_do_not_count: ...
    """
    check_not_negative('rtol', rtol)
    case = WeightingCase(weighting, draws, rtol)
    for check in WEIGHTING_CHECKS:
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f'{check.__name__}: {error}') from error
