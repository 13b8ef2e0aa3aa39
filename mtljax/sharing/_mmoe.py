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
    """Shared experts, and one gate per task that mixes them (Ma et al., KDD 2018).

    ``prediction_t = head_t(sum_e softmax(gate_t(x))_e expert_e(x))``
    (https://doi.org/10.1145/3219819.3220007). The experts are one stacked subtree,
    ``params['shared']['experts']`` with leaves ``[E, ...]``, applied by one vmap; gates lie under
    ``params['task']['gates']``. ``state['task']['gates'][task]`` holds the ``load`` of the experts
    and the ``entropy`` of the gate in the last training step. LibMTL counts gates neither
    as shared nor as parameters of a task, and its gates read the raw image only.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      num_experts: E, the number of experts. Each is a copy of the stages from ``start`` to
        ``stop``.
      gate: A function from E to a Module that gives one logit per expert, such as
        ``heads.linear``, or a Module with E outputs. One dense layer by default.
      gate_dropout: The share of gate weights that are dropped in training. The others are scaled
        up.
      gate_at: The number of stages before the input of the gates, at most ``start``; 0 stands for
        ``x`` itself. ``start`` by default.
      start: The first stage of an expert. All tasks share the stages before it.
      stop: The first stage after an expert. Each task has its own copy of the stages from there
        on. By default an expert has all stages from ``start`` on.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range.

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
    """Experts; then for each task a ``gate``, the stages after the experts, and the head."""
    start, stop, gate_at = check_experts(backbone, heads, num_experts, start, stop, gate_at)
    trunk = wire(*experts(backbone, num_experts, start, stop, gate_at))
    gates = dict.fromkeys(heads, mixture(gate, num_experts))
    parts = {'gates': gates, 'heads': with_tail(backbone[stop:], heads)}
    return scheme(trunk, parts, **more)
