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
    """OMoE: all tasks share the experts and also one gate that mixes them.

    An expert is a copy of the stages. The prediction of task t is
    ``head_t(sum_e softmax(gate(x))_e expert_e(x))`` (Ma et al., KDD 2018,
    https://doi.org/10.1145/3219819.3220007). All parameters except the heads are stored under
    ``params['shared']``: the experts as ``'experts'``, in leaves ``[E, ...]``, and the gate as
    ``'gate'``.

    Args:
      backbone: The network, as a tuple of stages. A stage is a Module, for example one layer.
      heads: The head of each task, ``{task: Module}``. All arrays with one entry per task use this
        order.
      num_experts: The number of experts E. Each expert is a copy of the stages from ``start`` to
        ``stop``.
      gate: A function from the number of experts E to a Module that gives one logit per expert, for
        example ``heads.linear``. A Module with E outputs works too. The default is one dense layer.
      gate_dropout: The share of the gate weights that are set to 0 at random in training. The
        others are scaled up, so that they sum to 1 again.
      gate_at: The number of stages that run before the gate. With 0, the gate reads the input x.
        The largest value is ``start``, the default.
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
