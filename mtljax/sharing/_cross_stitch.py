"""Cross-stitch units: learned mixtures of the features of parallel towers."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from mtljax.base import Module, MultiTask
from mtljax.options import check_option
from mtljax.sharing._lateral import lateral


def cross_stitch(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    own: Any = 0.9,
    per_channel: bool = False,
    start: int = 0,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """Cross-stitch: one tower per task, whose features are mixed after each stage.

    A tower is a copy of the backbone for one task, from the stage ``start`` on. By default, a
    cross-stitch unit follows each stage of the towers. The unit is a small matrix of learned
    weights alpha. After the unit, the features of task t are ``x_t <- sum_s alpha_ts x_s``, a sum
    over the towers of all tasks s (Misra et al., CVPR 2016, https://arxiv.org/abs/1604.03539). The
    initial value of ``alpha_tt`` is ``own``. The initial values of the other ``alpha_ts`` are equal
    and sum to ``1 - own``.

    The losses of all tasks depend on the stages of the towers up to the last unit, and on all units
    except the last. These stages are stored in ``params['shared']['towers']``, and these units in
    ``params['shared']['units']``. Row t of the last unit affects only the loss of task t, and is
    stored in ``params['task']['units'][t]``.

    The paper trains the units with a learning rate that is 100 to 1000 times as large as for the
    towers. To do this, put ``training.scale_rate('units', 100)`` at the end of the optax chain. The
    paper also starts from towers that were trained on single tasks. The function
    ``moves.single_to_cross_stitch`` makes this start.

    In the library LibMTL, all weights start at 1. At the start, every unit then multiplies the size
    of the features by about the number of tasks. The model of LibMTL also needs a ResNet as the
    backbone. The authors of MTAN published a cross-stitch model in which all tasks read the same
    mixture.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      own: The initial value of ``alpha_tt``, the weight of the features of the task itself. With 1,
        training starts from independent towers.
      per_channel: Whether each ``alpha_ts`` has one value per channel (the last axis), as for
        feature maps in the paper. If False, all channels have the same value.
      start: The index in ``backbone`` of the first stage of the towers, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      after: The stages with a unit after them, as indices into ``backbone`` counted from 0. By
        default a unit follows every stage from ``start`` on. The stages of a tower after its last
        unit are stored with the head of the task, not under ``'towers'``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
        range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = cross_stitch(backbones.mlp((8, 8)), two)
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> print(params['shared']['units']['stage0'])
    [[0.9 0.1]
     [0.1 0.9]]
    """
    check_option('own', own, 'a finite number')

    def unit(task, num_tasks):
        return _unit(first_weights(task, num_tasks, own), per_channel)

    return lateral(backbone, heads, unit, start=start, after=after)


def first_weights(at: int, count: int, own: Any):
    """Return ``own`` at one place, and ``1 - own`` in equal parts at the ``count - 1`` others."""
    if count == 1:
        return jnp.ones(1)
    return jnp.full(count, (1 - own) / (count - 1), jnp.float32).at[at].set(own)


def _unit(weights, per_channel: bool) -> Module:
    def init(key, rows):
        if not per_channel:
            return weights, {}
        channels = rows.shape[-1]
        return jnp.broadcast_to(weights[:, None], (len(weights), channels)), {}

    def apply(params, state, rows, *, key=None, train=False):
        mixed = jnp.einsum('tc,t...c->...c' if per_channel else 't,t...->...', params, rows)
        return mixed.astype(rows.dtype), state

    return Module(init, apply)
