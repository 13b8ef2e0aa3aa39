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
    """Shared experts and experts of each task: PLE with one level (Tang et al., RecSys 2020).

    ``prediction_t = head_t(sum_e softmax(gate_t(x))_e y_e)`` over the experts of the task and
    the shared experts (https://doi.org/10.1145/3383313.3412236). Shared experts are stacked under
    ``params['shared']``. The experts and the gate of a task lie under
    ``params['task']['extraction'][task]``.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      num_shared: The number of shared experts, at least 1.
      num_own: The number of experts of each task.
      gate: A function from the number of experts E to a Module that gives one logit per
        expert. One dense layer by default.
      gate_dropout: The share of gate weights that are dropped in training. The others are scaled
        up.
      start: The first stage of an expert. All tasks share the stages before it.
      stop: The first stage after the experts. Each task has its own copy of this stage and of all
        later stages. By default the experts end with the last stage.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range.

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
