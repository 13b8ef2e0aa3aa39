"""OMoE: one-gate mixture of experts."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.module import wire
from mtljax.options import check_share
from mtljax.sharing._experts import check_experts, experts
from mtljax.sharing._gate import Gate, linear_gate, mixture, softmax_gate
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import with_tail


def omoe(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    num_experts: int = 8,
    gate: Gate = linear_gate,
    gate_dropout: float = 0.0,
    gate_at: int | None = None,
    start: int = 0,
    stop: int | None = None,
) -> MultiTask:
    """OMoE: all tasks share the experts, and also the one gate that mixes the experts.

    An expert is a copy of the backbone with its own parameters. The gate computes one weight per
    expert from the input x. The prediction of task t is
    ``head_t(sum_e softmax(gate(x))_e expert_e(x))`` (Ma et al., KDD 2018,
    https://doi.org/10.1145/3219819.3220007). With ``start`` and ``stop``, an expert is a copy of a
    part of the backbone only.

    The E experts are stacked in ``params['shared']['experts']``, where each array has E as its
    first axis. The gate is stored in ``params['shared']['gate']``, and the heads in
    ``params['task']['heads']``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_experts: The number of experts E.
      gate: The network that computes the logits of the gate. Pass a Module with E outputs, or a
        function that receives E and returns such a Module, for example ``heads.linear``. The
        default is one dense layer.
      gate_dropout: The probability, in [0, 1), with which the weight of an expert is set to 0 in
        training. The other weights are scaled up, so that they sum to 1 again.
      gate_at: The gate reads the output of the first ``gate_at`` stages. With 0 it reads the input
        of the model. The default is ``start``, which is also the largest allowed value.
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
    >>> params, _ = omoe(backbones.mlp((8,)), two).init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> sorted(params['shared']), sorted(params['task'])
    (['experts', 'gate'], ['heads'])
    """
    check_share('gate_dropout', gate_dropout)
    start, stop, gate_at = check_experts(backbone, heads, num_experts, start, stop, gate_at)
    modules, run = experts(backbone, num_experts, start, stop, gate_at)
    modules['gate'] = mixture(softmax_gate(gate, num_experts, gate_dropout), num_experts)
    trunk = wire(modules, lambda call, x: call('gate', run(call, x)))
    return scheme(trunk, {'heads': with_tail(backbone[stop:], heads)})
