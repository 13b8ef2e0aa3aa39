"""CGC: customised gate control."""

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
    """CGC: each task mixes the shared experts with experts of its own.

    An expert is a copy of the stages. The prediction of task t is
    ``head_t(sum_e softmax(gate_t(x))_e y_e)``, where ``y_e`` is the output of expert e. The sum is
    over the shared experts and the experts of task t (Tang et al., RecSys 2020,
    https://doi.org/10.1145/3383313.3412236). This is `ple` with one level.

    The shared experts are stacked under ``params['shared']``. The experts and the gate of task t
    are stored under ``params['task']['extraction'][t]``.

    Args:
      backbone: The network, as a tuple of stages. A stage is a Module, for example one layer.
      heads: The head of each task, ``{task: Module}``. All arrays with one entry per task use this
        order.
      num_shared: The number of shared experts, at least 1.
      num_own: The number of experts of each task.
      gate: A function from the number of experts that a gate mixes to a Module that gives one logit
        per expert. The default is one dense layer.
      gate_dropout: The share of the gate weights that are set to 0 at random in training. The
        others are scaled up, so that they sum to 1 again.
      start: The index of the first stage of an expert, counted from 0. All tasks share the stages
        before it.
      stop: The index of the first stage after the experts. Each task has its own copy of this stage
        and of all later stages. By default there is no such stage.

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
