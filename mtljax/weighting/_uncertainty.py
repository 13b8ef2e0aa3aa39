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

    Let ``L_t`` be the loss of task t, and ``s_t = log sigma_t^2`` the logarithm of its noise
    variance, a trained number. The weight of the task is ``w_t = a_t e^(-s_t)``. The factor ``a_t``
    is 1/2 for regression, where the loss is a squared error, and 1 for classification, where the
    loss is a cross entropy. Each step returns the present weights, and then makes one optimizer
    step on ``sum_t a_t e^(-s_t) L_t + s_t / 2`` (Kendall, Gal, Cipolla, CVPR 2018,
    https://arxiv.org/abs/1705.07115). The ``s_t`` are not among the parameters of the model. They
    have their own optimizer, and weight decay of the model does not change them.

    With ``initial=0`` the weights start at ``a_t``. They tend to ``w_t = 1 / (2 L_t)`` for
    regression and for classification, so they grow as the losses fall, and their sum is not fixed.
    A task without a label in the batch gets weight 0. Its ``s_t`` gets no gradient, but the
    momentum of the optimizer may still change ``s_t``. The losses should be positive. If a loss is
    0 or negative, its weight grows without limit.

    Args:
      form: ``'regression'`` or ``'classification'``, which sets ``a_t``. Pass one form for all
        tasks, or a sequence of one form per task.
      initial: The initial value of ``s_t``. Pass one number, or one number per task. Published code
        starts from 0, -0.5 or -0.7.
      optimizer: The optimizer of the numbers ``s_t``. None means ``optax.adam(0.025)``. The
        experiments of the Nash-MTL paper use the same learning rate.

    Raises:
      ValueError: ``form`` is unknown, ``initial`` is not finite, or ``optimizer`` is not an optax
        optimizer. ``init`` also raises this error if the length of an option is not the number of
        tasks.

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
