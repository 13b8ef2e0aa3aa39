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
    """UW: weights from a learnt noise of every task, ``s_t = log sigma_t^2``.

    ``sum_t a_t e^(-s_t) L_t + s_t / 2`` with a = 1/2 for regression (L a squared error) and a = 1
    for classification (L a cross entropy), so that ``w_t = a_t e^(-s_t)`` (Kendall, Gal, Cipolla,
    CVPR 2018, https://arxiv.org/abs/1705.07115). s is not among the model's parameters, so that its
    optimiser is its own and no weight decay pulls at it. A step uses s as it was before.

    Scale: a at the start (at ``initial=0``); s settles where ``w_t L_t = 1/2``, in both forms, so
    that the weights grow as the losses fall; no fixed sum. Inactive tasks get weight 0 and their s
    no gradient; an optimiser's momentum may still move it. Losses should be positive: at 0 the
    weight grows without end, and with a negative loss s runs away and the weight with it.

    Args:
      form: of all tasks, or one per task.
      initial: s at the start, a number or ``[T]``. Published code starts from 0, -0.5 or -0.7.
      optimizer: of s; ``optax.adam(0.025)``, the rate of the experiments of Nash-MTL, when left
        out.

    Raises:
      ValueError: an unknown form, an ``initial`` that is not finite or an optimizer that is none
        (in the factory), or not one per task (in ``init``).

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
        return np.array([_factors(one) for one in form])
    if form not in ('regression', 'classification'):
        raise ValueError(
            "form should be 'regression', 'classification' or one of them per task. "
            f'Found form = {form!r}.'
        )
    return 0.5 if form == 'regression' else 1.0
