"""Customised gate control."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.sharing._check import check, check_range
from mtljax.sharing._gate import Gate, linear_gate
from mtljax.sharing._ple import ple


def cgc(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    num_shared: int = 1,
    num_own: int = 1,
    gate: Gate = linear_gate,
    gate_dropout: float = 0.0,
    start: int = 0,
    stop: int | None = None,
) -> MultiTask:
    """Shared experts and experts of each task's own: PLE with one level (Tang et al., RecSys 2020).

    ``prediction_t = head_t(sum_e softmax(gate_t(x))_e y_e)`` over the task's own and the shared
    experts (https://doi.org/10.1145/3383313.3412236). Shared experts are stacked under
    ``params['shared']``, the rest lies under ``params['task']['extraction'][task]``.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      num_shared: shared experts, one at least.
      num_own: experts of each task.
      gate: a factory ``E -> Module`` of the logits; one dense layer when left out.
      gate_dropout: the share of gate weights dropped while training; the rest is rescaled.
      start: the stages before are common to all.
      stop: the stages from there on are every task's own; none when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = cgc(backbones.mlp((8,)), two, num_shared=3, num_own=2)
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['extraction']['a']['level0']['gate']['Dense_0']['kernel'].shape
    (4, 5)
    """
    check(backbone, heads)
    first, last = check_range(backbone, start, stop)
    return ple(
        backbone,
        heads,
        num_shared=num_shared,
        num_own=num_own,
        levels=[last - first],
        gate=gate,
        gate_dropout=gate_dropout,
        start=start,
    )
