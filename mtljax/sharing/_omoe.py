"""One-gate mixture of experts."""

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
    """Shared experts under one gate for all tasks (the OMoE of Ma et al., KDD 2018).

    ``prediction_t = head_t(sum_e softmax(gate(x))_e expert_e(x))``
    (https://doi.org/10.1145/3219819.3220007). All except the heads lies under
    ``params['shared']``: ``'experts'`` with leaves ``[E, ...]``, and ``'gate'``.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      num_experts: E, the number of experts. Each is a copy of the stages from ``start`` to
        ``stop``.
      gate: A function from E to a Module that gives one logit per expert, or a Module with E
        outputs. One dense layer by default.
      gate_dropout: The share of gate weights that are dropped in training. The others are scaled
        up.
      gate_at: The number of stages before the input of the gate, at most ``start``.
      start: The first stage of an expert. All tasks share the stages before it.
      stop: The first stage after an expert. Each task has its own copy of the stages from there
        on. By default an expert has all stages from ``start`` on.

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
