"""A check of surgeries."""

from collections.abc import Callable
from typing import Literal

from mtljax.options import check_not_negative, check_option
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

    These are the rules for every surgery:

    - The update has the shapes and dtypes of the parameters. The state keeps its structure, shapes
      and dtypes, also under ``lax.scan`` and ``lax.cond``.
    - The update does not depend on the use of ``jit`` or ``vmap``, or on the way in which the task
      gradients were computed.
    - A task without a label in the batch (``active`` is False) has no effect on the update, even if
      its gradient is NaN.
    - Zero, huge and tiny gradients give finite updates. If the gradient of a task with a label is
      not finite, the update is not finite, except with ``reads='some'``.
    - Gradients with wrong shapes raise an error.

    The options describe further properties of the method. The function also checks that they are
    true.

    Args:
      method: A surgery that accepts the number of tasks T in ``init(params, num_tasks=T)``.
      equal: A function ``(T, norm) -> factor``. If all T task gradients equal g, the update must be
        ``factor * g``, where ``norm`` is the norm of g. T can be 1. All losses are 2 in this check.
        None means the factor T for methods with ``scale='sum'`` in `surgery.Traits`, and no check
        for other methods.
      zero_row: A function ``(T) -> factor``. If one of the T gradients is zero, the update must be
        the factor times the update without this task. None means that this is not checked.
      degree: If all gradients are multiplied by s, the update must be multiplied by ``s**degree``.
        None means a weaker check: the update must not grow much faster than s.
      symmetric: Whether the update is the same for every order of the tasks.
      draws: What the method draws at random. ``'nothing'`` means that it needs no random key.
        ``'signs'`` means draws that do not depend on the number of tasks, such as one sign per
        parameter. ``'orders'`` means draws that depend on the number of tasks, such as a random
        order of the tasks.
      reads: The task gradients that the method reads. ``'all'`` means the gradients of all tasks
        with a label, in every update. ``'all at first'`` means all of them in the first update, but
        not in every later update. ``'some'`` means that no update reads all of them.
      by_array: Whether the method treats every parameter array separately.
      has_target: Whether the first task has a special role, as the target task of
        `surgery.metabalance`.
      rtol: The relative tolerance when two updates are compared.

    Raises:
      AssertionError: The method breaks a rule. The message says which rule.

    >>> import jax.numpy as jnp
    >>> from mtljax import surgery
    >>> def inverse_norm(norms, cosines, inner, *, losses, active, key):
    ...     return jnp.where(norms > 0, 1 / jnp.where(norms > 0, norms, 1), 0), inner
    >>> method = surgery.from_cosines(inverse_norm)
    >>> check_surgery(method, equal=lambda tasks, norm: tasks / norm, degree=0)
    """
    check_not_negative('rtol', rtol)
    if degree is not None:
        check_option('degree', degree, 'a finite number, or None')
    case = SurgeryCase(
        method, equal, zero_row, degree, symmetric, draws, reads, by_array, has_target, rtol
    )
    for check in SURGERY_CHECKS:
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f'{check.__name__}: {error}') from error
