"""AdaTT: adaptive task-to-task fusion."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import stack, wire
from mtljax.options import check_count, check_share
from mtljax.sharing._check import check
from mtljax.sharing._gate import Gate, linear_gate, mixture, softmax_gate
from mtljax.sharing._levels import Units, split_levels
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages, with_tail


def adatt(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    num_own: int = 1,
    num_shared: int = 0,
    levels: Sequence[int] | None = None,
    gate: Gate = linear_gate,
    gate_dropout: float = 0.0,
    start: int = 0,
) -> MultiTask:
    """AdaTT: each task mixes the experts of all tasks, and adds a weighted sum of its own experts.

    A level is a part of the backbone, by default one stage. An expert is a copy of a level with its
    own parameters. After level l, the features of task t are
    ``x_t^l = sum_e softmax(gate_t(x_t^(l-1)))_e y_e + sum_(e of t) v_te y_e``. Here ``y_e`` is the
    output of expert e, the first sum is over all experts, the second sum is over the experts of
    task t, and the ``v_te`` are learned numbers. ``x_t^0`` is the input of the first level. An
    expert of task t reads the features of task t from the level before (Li et al., KDD 2023,
    https://doi.org/10.1145/3580305.3599769).

    ``num_shared`` adds common experts, which belong to no task. In all levels except the last, the
    same formula also gives common features, with the common experts in the second sum. The common
    experts of the next level read these features. The paper calls the method AdaTT-gp with common
    experts, and AdaTT-sp without them.

    The experts of every level are stacked in ``params['shared']``. The gates and the numbers v of
    all levels except the last are stored there too. The gate and the numbers v of task t in the
    last level are stored in ``params['task']['fusion'][t]``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_own: The number of experts of each task in every level, at least 1.
      num_shared: The number of common experts in every level, at least 0.
      levels: The number of stages in each level, for example ``[2, 1]``. By default every stage
        from ``start`` on is a level. Each task has its own copy of the stages after the last level,
        stored with its head.
      gate: The network that computes the logits of a gate. Pass a function that receives the number
        of experts and returns a Module with one output per expert, for example ``heads.linear``.
        The default is one dense layer.
      gate_dropout: The probability, in [0, 1), with which the weight of an expert is set to 0 in
        training. The other weights are scaled up, so that they sum to 1 again.
      start: The index in ``backbone`` of the first stage of an expert, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
        range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = adatt(backbones.mlp((8, 8)), two)
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['shared']['level1']['experts']['stage0']['Dense_0']['kernel'].shape  # 2 experts
    (2, 8, 8)
    """
    check(backbone, heads)
    check_share('gate_dropout', gate_dropout)
    check_count('num_own', num_own, 1)
    check_count('num_shared', num_shared, 0)
    experts, tail = split_levels(backbone, start, levels)
    units = Units(len(heads), num_own, num_shared)
    mix = mixture(softmax_gate(gate, units.experts, gate_dropout), units.experts)
    fuse = _fusion(mix, num_own)
    trunk = _trunk(backbone[:start], experts, units, fuse, _fusion(mix, num_shared))
    order = tuple(heads)

    def pick(task, z):
        x, rows = z
        at = order.index(task)
        task_rows = trees.row(units.split(rows)[0], at)
        return trees.row(x, at) if len(experts) > 1 else x, rows, task_rows

    parts = {'fusion': dict.fromkeys(heads, fuse), 'heads': with_tail(tail, heads)}
    return scheme(trunk, parts, pick)


def _fusion(mix: Module, num_own: int) -> Module:
    """Mix all rows ``[N, B, ...]`` by a gate on x, and add ``sum_e v_e row_e`` of the unit."""

    def init(key, z):
        params, state = mix.init(key, z[:2])
        return {'gate': params, 'own': jnp.full(num_own, 1 / max(num_own, 1), jnp.float32)}, state

    def apply(params, state, z, *, key=None, train=False):
        y, state = mix.apply(params['gate'], state, z[:2], key=key, train=train)

        def added(y, rows):
            is_integer = not jnp.issubdtype(y.dtype, jnp.inexact)
            return (
                y if is_integer else y + jnp.tensordot(params['own'].astype(y.dtype), rows, axes=1)
            )

        return jax.tree.map(added, y, z[2]), state

    return Module(init, apply)


def _trunk(stages, experts, units: Units, fuse: Module, fuse_common: Module) -> Module:
    """Map x to the inputs of the units in the last level, and the outputs of its experts."""
    common = by_stage_name(stages)
    modules = dict(common)
    for at, expert in enumerate(experts):
        modules[f'level{at}/experts'] = units.copies(expert, first=at == 0)
        if at + 1 < len(experts):
            shared_input = (at == 0, True, False)
            modules[f'level{at}/tasks'] = stack(fuse, units.tasks, shared_input=shared_input)
            modules |= {f'level{at}/common': fuse_common} if units.shared else {}

    def run(call, x):
        x = run_stages(call, common, x)[-1]
        for at in range(len(experts) - 1):
            rows = call(f'level{at}/experts', x)
            of_tasks, of_all = units.split(rows)
            tasks, last = (x, x) if at == 0 else _split_inputs(x, units.tasks)
            x = call(f'level{at}/tasks', (tasks, rows, of_tasks))
            if units.shared:
                y = call(f'level{at}/common', (last, rows, of_all))
                x = jax.tree.map(lambda rows, row: jnp.concatenate([rows, row[None]]), x, y)
        return x, call(f'level{len(experts) - 1}/experts', x)

    return wire(modules, run)


def _split_inputs(x, num_tasks: int):
    """Return the inputs of the units of the tasks, and the input of the common unit."""
    return jax.tree.map(lambda leaf: leaf[:num_tasks], x), jax.tree.map(lambda leaf: leaf[-1], x)
