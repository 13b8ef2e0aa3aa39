"""Soft sharing: parallel towers, one per task."""

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
    """Soft sharing: each task has a copy of the backbone, and a penalty keeps the copies close.

    The prediction of task t is ``head_t(tower_t(x))``, where the tower is the copy of task t. This
    function builds the model without the penalty. Put the penalty into the optax chain, for example
    ``penalties.l2(0.1)`` (Duong et al., ACL 2015, https://aclanthology.org/P15-2139; Yang &
    Hospedales, ICLR workshop 2017, https://arxiv.org/abs/1606.04038). Without a penalty, nothing
    keeps the towers close.

    The towers of T tasks are stacked in ``params['task']['towers']``, where each array has T as its
    first axis. The option ``parallel`` chooses the stages that are copied, and the tasks share all
    other stages. If a shared stage comes after a copied stage, it runs once per task, and its batch
    statistics are averaged over these runs.

    Even without a penalty, gradient clipping by the global norm makes the towers depend on each
    other.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      parallel: The stages of which each task has its own copy, as indices into ``backbone`` counted
        from 0. The default is all stages. The other stages are stored under ``params['shared']``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or ``parallel`` has an
        index that does not exist.

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
