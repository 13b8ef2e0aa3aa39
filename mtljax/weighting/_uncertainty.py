"""UW: weighting by homoscedastic uncertainty."""

from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
import numpy as np
import optax

from mtljax.base import Weighting
from mtljax.options import PerTask, check_one_per_task, check_option
from mtljax.weighting._learned import learned_weighting

Form = Literal['regression', 'classification']


def uncertainty(
    form: Form | Sequence[Form] = 'regression',
    *,
    initial: PerTask = 0.0,
    optimizer: optax.GradientTransformation | None = None,
) -> Weighting:
    """UW: weight every loss by the inverse of its learned noise variance.

    For task t with the loss ``L_t``, the number ``s_t = log sigma_t^2`` is trained on
    ``sum_t a_t e^(-s_t) L_t + s_t / 2``. So the weight of the task is ``w_t = a_t e^(-s_t)``. The
    factor ``a_t`` is 1/2 for regression, where L is a squared error, and 1 for classification,
    where L is a cross entropy (Kendall, Gal, Cipolla, CVPR 2018, https://arxiv.org/abs/1705.07115).
    s is not among the parameters of the model: it has a separate optimizer, and no weight decay
    acts on it. A step uses the weights as they are before it changes s.

    With ``initial=0`` the weights start at ``a_t``. They converge to ``w_t = 1 / (2 L_t)`` in both
    forms, so they grow as the losses fall, and their sum is not fixed. A task without a label in
    the batch gets weight 0. Its ``s_t`` gets no gradient, but the momentum of the optimizer may
    still change it. The losses should be positive: for a loss of 0 the weight grows without limit,
    and for a negative loss it grows faster and faster.

    Args:
      form: ``'regression'`` or ``'classification'``: one for all tasks, or one per task.
      initial: The first s: one number, or one per task. Published code starts from 0, -0.5 or -0.7.
      optimizer: The optimizer of s; ``optax.adam(0.025)`` when None, with the learning rate of the
        experiments of Nash-MTL.

    Raises:
      ValueError: The form is unknown, ``initial`` is not finite, or ``optimizer`` is not an optax
        optimizer. In ``init``, an option does not have one value per task.

    >>> weighting = uncertainty(['regression', 'classification'])
    >>> weights, state = weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))
    >>> weights.tolist()
    [0.5, 1.0]
    >>> weighting.update(jnp.array([0.5, 2.0]), state)[0].tolist()
    [0.512..., 0.975...]
    """
    factors = _factors(form)
    check_option('initial', initial, 'one finite number, or T of them', ndim=1)

    def initial_of(num_tasks):
        check_one_per_task('form', form, num_tasks, or_one=True)
        check_one_per_task('initial', initial, num_tasks, or_one=True)
        value = jnp.zeros(num_tasks)
        return value + jnp.asarray(initial, value.dtype)

    def weights_of(value):
        return jnp.asarray(factors, value.dtype) * jnp.exp(-value)

    return learned_weighting(weights_of, lambda value: value / 2, initial_of, optimizer)


def _factors(form):
    if isinstance(form, list | tuple):
        return np.array([_factors(each) for each in form])
    if form not in ('regression', 'classification'):
        raise ValueError(
            "form should be 'regression', 'classification' or one of them per task. "
            f'Found form = {form!r}.'
        )
    return 0.5 if form == 'regression' else 1.0
