"""MMoE: multi-gate mixture of experts."""

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
    """MMoE: all tasks share the experts, and each task has its own gate that mixes the experts.

    An expert is a copy of the backbone with its own parameters. The gate of a task computes one
    weight per expert from the input x. The prediction of task t is
    ``head_t(sum_e softmax(gate_t(x))_e expert_e(x))`` (Ma et al., KDD 2018,
    https://doi.org/10.1145/3219819.3220007). With ``start`` and ``stop``, an expert is a copy of a
    part of the backbone only.

    The E experts run in one ``vmap``. They are stacked in ``params['shared']['experts']``, where
    each array has E as its first axis. The gates are stored in ``params['task']['gates']``.
    ``state['task']['gates'][task]`` describes the weights that a gate gave in the last training
    step: ``load`` is the mean weight of each expert, and ``entropy`` is the mean entropy of the
    weights.

    In the library LibMTL, the gates always read the raw image.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_experts: The number of experts E.
      gate: The network that computes the logits of a gate. Pass a Module with E outputs, or a
        function that receives E and returns such a Module, for example ``heads.linear``. The
        default is one dense layer.
      gate_dropout: The probability, in [0, 1), with which the weight of an expert is set to 0 in
        training. The other weights are scaled up, so that they sum to 1 again.
      gate_at: The gates read the output of the first ``gate_at`` stages. With 0 they read the input
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
    """Build experts, then for each task a ``gate``, the stages after the experts, and the head."""
    start, stop, gate_at = check_experts(backbone, heads, num_experts, start, stop, gate_at)
    trunk = wire(*experts(backbone, num_experts, start, stop, gate_at))
    gates = dict.fromkeys(heads, mixture(gate, num_experts))
    parts = {'gates': gates, 'heads': with_tail(backbone[stop:], heads)}
    return scheme(trunk, parts, **more)
