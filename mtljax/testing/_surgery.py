"""The rules that every surgery keeps, as one function."""

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
    """Check that a surgery keeps the rules that all surgeries of mtljax keep.

    The update has the shape and the dtype of the parameters. The state does not change its layout,
    under ``lax.scan`` and ``lax.cond``. Neither jit nor vmap nor the engine changes the update.
    Inactive tasks do not count, also where their gradients are NaN. Zero, huge and tiny gradients
    give finite updates; active gradients that are not finite give updates that are not finite.
    With one task the update is that of plain descent. Wrong shapes are refused. The options say
    what else the method promises.

    Args:
      method: A surgery that knows T from ``init(params, num_tasks=T)``.
      equal: ``(T, norm) -> factor``: T equal gradients g with this norm, and losses of 2, give the
        update ``factor * g``. When None, it is T for methods with the trait ``scale='sum'``, and is
        not checked for others.
      zero_row: ``(T) -> factor``: with a zero row among T, the update is this factor times the
        update without the row. Not checked when None.
      degree: Gradients that are s times as long give an update that is ``s**degree`` times as long.
        When None, only the size of the update is checked.
      symmetric: Whether the order of the tasks does not matter.
      draws: ``'nothing'``; or the random draws of the method, which then needs a key: ``'signs'``
        do not depend on the number of tasks, ``'orders'`` do.
      reads: Whether an update reads the gradients of ``'all'`` active tasks, only the first update
        does (``'all at first'``), or none does (``'some'``).
      by_array: Whether the method acts on every array of the parameters separately.
      has_target: Whether the method treats the first task differently.
      rtol: The relative tolerance.

    Raises:
      AssertionError: The method breaks a rule; the message names it.

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
