"""Homoscedastic uncertainty."""

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
    """UW: weights from the learnt noise of every task, ``s_t = log sigma_t^2``.

    ``sum_t a_t e^(-s_t) L_t + s_t / 2`` with a = 1/2 for regression (L a squared error) and a = 1
    for classification (L a cross entropy), so that ``w_t = a_t e^(-s_t)`` (Kendall, Gal, Cipolla,
    CVPR 2018, https://arxiv.org/abs/1705.07115). s is not among the model's parameters: it has a
    separate optimiser, and no weight decay acts on it. A step uses s before its change.

    Scale: a at the start (at ``initial=0``); s converges to ``w_t L_t = 1/2``, in both forms, so
    that the weights grow as the losses fall; their sum is not fixed. Inactive tasks get weight 0,
    and their s gets no gradient, but the optimiser's momentum may still change it. Losses should be
    positive: with a loss of 0 the weight grows without limit, and with a negative loss it grows
    faster and faster.

    Args:
      form: The form of all tasks, or one form per task.
      initial: The first s, one number or one per task. Published code starts from 0, -0.5 or -0.7.
      optimizer: The optimiser of s; when None ``optax.adam(0.025)``, with the rate of the
        experiments of Nash-MTL.

    Raises:
      ValueError: The form is unknown, ``initial`` is not finite or ``optimizer`` is not an optax
        optimizer (in the factory), or an option has not one value per task (in ``init``).

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
