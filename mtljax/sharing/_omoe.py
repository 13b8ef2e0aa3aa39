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
    (https://doi.org/10.1145/3219819.3220007). Everything but the heads lies under
    ``params['shared']``: ``'experts'`` with leaves ``[E, ...]``, and ``'gate'``.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      num_experts: E, copies of the stages from ``start`` to ``stop``.
      gate: a factory ``E -> Module`` of the logits, or a module with E outputs; one dense layer
        when left out.
      gate_dropout: the share of gate weights dropped while training; the rest is rescaled.
      gate_at: how many stages the input of the gate has passed, at most ``start``.
      start: the stages before are common to all.
      stop: the stages from there on are every task's own; none when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

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
