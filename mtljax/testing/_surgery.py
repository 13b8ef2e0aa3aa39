"""A check of surgeries."""

from collections.abc import Callable
from typing import Literal

from mtljax.surgery import Surgery
from mtljax.testing._surgery_case import SurgeryCase
from mtljax.testing._surgery_checks import SURGERY_CHECKS


def check_surgery(
    method: Surgery,
    *,
    equal: Callable[[int, float], float] | None = None,
    zero_row: Callable[[int], float] | None = None,
    degree: float | None = 1.0,
    symmetric: bool = True,
    draws: Literal['nothing', 'signs', 'orders'] = 'nothing',
    reads: Literal['all', 'all at first', 'some'] = 'all',
    by_array: bool = False,
    has_target: bool = False,
    rtol: float = 1e-4,
) -> None:
    """Check that a surgery follows the rules that all surgeries of mtljax follow.

    The rules for every surgery:

    - The update has the shapes and dtypes of the parameters. The state keeps its structure, shapes
      and dtypes, also under ``lax.scan`` and ``lax.cond``.
    - Neither jit, nor vmap, nor the way in which the task gradients were computed changes the
      update.
    - Tasks that are not ``active`` (without a label in the batch) do not count, even if their
      gradients are NaN.
    - Zero, huge and tiny gradients give finite updates. If the gradient of an active task is not
      finite, the update is not finite.
    - With one task, the update is the one of plain gradient descent.
    - Wrong shapes raise an error.

    The options describe further properties, which are checked too.

    Args:
      method: A surgery. It must know the number of tasks T after ``init(params, num_tasks=T)``.
      equal: A function ``(T, norm) -> factor``: if all T task gradients equal g and g has this
        norm, the update is ``factor * g``. All losses are 2 in this check. When None, the factor is
        T for methods with the trait ``scale='sum'``, and is not checked for other methods.
      zero_row: A function ``(T) -> factor``: if one of the T gradients is zero, the update is the
        factor times the update without this task. When None, this is not checked.
      degree: If all gradients become s times as long, the update becomes ``s**degree`` times as
        long. When None, only the size of the update is checked.
      symmetric: Whether the update is the same for every order of the tasks.
      draws: What the method draws at random. ``'nothing'`` means no random numbers, ``'signs'`` are
        draws that do not depend on the number of tasks, and ``'orders'`` are draws that do. A
        method that draws needs a key.
      reads: Which gradients an update reads: those of ``'all'`` active tasks in every update, those
        of all tasks in the first update only (``'all at first'``), or only ``'some'``.
      by_array: Whether the method acts on every parameter array separately.
      has_target: Whether the method treats the first task differently.
      rtol: The relative tolerance.

    Raises:
      AssertionError: The method breaks a rule. The message names the rule.

    >>> import jax.numpy as jnp
    >>> from mtljax import surgery
    >>> def inverse_norm(norms, cosines, inner, *, losses, active, key):
    ...     return jnp.where(norms > 0, 1 / jnp.where(norms > 0, norms, 1), 0), inner
    >>> method = surgery.from_cosines(inverse_norm)
    >>> check_surgery(method, equal=lambda tasks, norm: tasks / norm, degree=0)
    """
    case = SurgeryCase(
        method, equal, zero_row, degree, symmetric, draws, reads, by_array, has_target, rtol
    )
    for check in SURGERY_CHECKS:
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f'{check.__name__}: {error}') from error
