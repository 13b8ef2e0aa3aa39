"""Parallel towers, one per task."""

from collections.abc import Mapping, Sequence

from mtljax.base import Module, MultiTask
from mtljax.sharing._check import check, check_stages
from mtljax.sharing._passes import Step, passes


def soft(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    parallel: Sequence[int] | None = None,
) -> MultiTask:
    """Soft sharing: one copy of each parallel stage per task; a penalty keeps the copies close.

    ``prediction_t = head_t(tower_t(x))``. Put the penalty, such as ``penalties.l2(0.1)``, into the
    optax chain (Duong et al., ACL 2015, https://aclanthology.org/P15-2139; Yang & Hospedales, ICLR
    workshop 2017, https://arxiv.org/abs/1606.04038). Without one the towers are independent.

    The copies are one stacked subtree, ``params['task']['towers']`` with leaves ``[T, ...]``. A
    clip by the global norm would couple them. A shared stage after a parallel stage runs once per
    task, and its batch statistics are averaged over these runs.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      parallel: The stages that every task has a copy of, counted from 0. All stages by default.
        The other stages lie under ``params['shared']``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or a stage does not
        exist.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = soft(backbones.mlp((8, 8)), two, parallel=[1])
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['shared']['stage0']['Dense_0']['kernel'].shape
    (4, 8)
    >>> params['task']['towers']['stage1']['Dense_0']['kernel'].shape
    (2, 8, 8)
    """
    check(backbone, heads)
    chosen = check_stages('parallel', parallel, 0, len(backbone) - 1)
    steps = [Step(f'stage{at}', stage, own=at in chosen) for at, stage in enumerate(backbone)]
    return passes(steps, heads, 'towers')
