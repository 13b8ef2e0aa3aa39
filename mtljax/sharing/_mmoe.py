"""Multi-gate mixture of experts."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.module import wire
from mtljax.options import check_share
from mtljax.sharing._experts import check_experts, experts
from mtljax.sharing._gate import Gate, linear_gate, mixture, softmax_gate
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import with_tail


def mmoe(
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
    """Shared experts, and for every task a gate that mixes them (Ma et al., KDD 2018).

    ``prediction_t = head_t(sum_e softmax(gate_t(x))_e expert_e(x))``
    (https://doi.org/10.1145/3219819.3220007). The experts are one stacked subtree,
    ``params['shared']['experts']`` with leaves ``[E, ...]``, applied by one vmap; gates lie under
    ``params['task']['gates']``. ``state['task']['gates'][task]`` holds the ``load`` of the experts
    and the ``entropy`` of the gate in the last training step. LibMTL counts gates neither as shared
    nor as a task's, and reads the raw image only.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      num_experts: E, copies of the stages from ``start`` to ``stop``.
      gate: a factory ``E -> Module`` of the logits, such as ``heads.linear``, or a module with E
        outputs; one dense layer when left out.
      gate_dropout: the share of gate weights dropped while training; the rest is rescaled.
      gate_at: how many stages the input of the gates has passed, at most ``start``; 0 for x
        itself; ``start`` when left out.
      start: the stages before are common to all.
      stop: the stages from there on are every task's own; none when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

    >>> import jax
    >>> from mtljax import backbones, heads, trees
    >>> two = {'b': heads.mlp((8,), 1), 'a': heads.mlp((8,), 1)}
    >>> model = mmoe(backbones.mlp((16,)), two, num_experts=8)
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 100)))
    >>> trees.count(params)
    14834
    """
    check_share('gate_dropout', gate_dropout)
    return mixed_experts(
        backbone,
        heads,
        softmax_gate(gate, num_experts, gate_dropout),
        num_experts=num_experts,
        gate_at=gate_at,
        start=start,
        stop=stop,
    )


def mixed_experts(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    gate: Module,
    *,
    num_experts: int,
    gate_at: int | None,
    start: int,
    stop: int | None,
    **more,
) -> MultiTask:
    """Experts, for every task a ``gate`` of its own, then its own stages and head."""
    start, stop, gate_at = check_experts(backbone, heads, num_experts, start, stop, gate_at)
    trunk = wire(*experts(backbone, num_experts, start, stop, gate_at))
    gates = dict.fromkeys(heads, mixture(gate, num_experts))
    parts = {'gates': gates, 'heads': with_tail(backbone[stop:], heads)}
    return scheme(trunk, parts, **more)
