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
    """CGC: each task mixes two kinds of experts: shared ones, and experts of its own.

    An expert is a copy of the backbone with its own parameters. The gate of a task computes one
    weight per expert from the input x. The prediction of task t is
    ``head_t(sum_e softmax(gate_t(x))_e y_e)``, where ``y_e`` is the output of expert e. The sum is
    over the shared experts and the experts of task t (Tang et al., RecSys 2020,
    https://doi.org/10.1145/3383313.3412236). With ``start`` and ``stop``, an expert is a copy of a
    part of the backbone only, and the gates read the input of this part.

    The shared experts are stacked in ``params['shared']``. The experts and the gate of task t are
    stored in ``params['task']['extraction'][t]['level0']``, because CGC is `ple` with one level.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_shared: The number of shared experts, at least 1.
      num_own: The number of experts of each task.
      gate: The network that computes the logits of a gate. Pass a function that receives the number
        of experts and returns a Module with one output per expert, for example ``heads.linear``.
        The default is one dense layer.
      gate_dropout: The probability, in [0, 1), with which the weight of an expert is set to 0 in
        training. The other weights are scaled up, so that they sum to 1 again.
      start: The index in ``backbone`` of the first stage of an expert, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      stop: The index in ``backbone`` of the first stage after the experts, counted from 0. Each
        task has its own copy of this stage and of all later stages, stored with its head. By
        default the experts end with the last stage.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
        range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = cgc(backbones.mlp((8,)), two, num_shared=3, num_own=2)
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> # The gate has 4 inputs, and one output for each of the 3 + 2 experts.
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
