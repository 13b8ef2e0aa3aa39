"""PLE: progressive layered extraction."""

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


def ple(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    num_shared: int = 1,
    num_own: int = 1,
    levels: Sequence[int] | None = None,
    gate: Gate = linear_gate,
    gate_dropout: float = 0.0,
    start: int = 0,
) -> MultiTask:
    """PLE: several levels of experts; some experts are shared, and others belong to one task.

    A level is a part of the backbone, by default one stage. An expert is a copy of a level with its
    own parameters. After level l, the features of task t are
    ``x_t^l = sum_e softmax(gate_t(x_t^(l-1)))_e y_e``, where ``y_e`` is the output of expert e, and
    ``x_t^0`` is the input of the first level. The sum is over the shared experts of the level and
    the experts of task t. In all levels except the last, a shared gate also mixes the outputs of
    all experts. The shared experts of the next level read this mixture (Tang et al., RecSys 2020,
    https://doi.org/10.1145/3383313.3412236).

    The library LibMTL has no shared gate. There, the shared experts run once per task, on the
    features of the task.

    Parameters on which the losses of several tasks depend are stored under ``params['shared']``.
    Each level has an entry there, ``'level0'`` and so on, with these parts:

    - ``'experts'`` holds all experts, stacked. In the last level it holds only the shared experts.
    - ``'common'`` holds the shared gate. The last level has no such gate.
    - ``'tasks'`` holds the gates of the tasks, if the losses of other tasks depend on these gates.
      The last two levels have no such part. With ``num_own=0``, no level has it.

    The other gates of task t, and its experts in the last level, affect only the loss of task t.
    They are stored in ``params['task']['extraction'][t]``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_shared: The number of shared experts in every level, at least 1.
      num_own: The number of experts of each task in every level. With 0, all experts are shared.
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
    >>> params, state = ple(backbones.mlp((8, 8)), two).init(jax.random.key(0), jnp.ones((2, 4)))
    >>> sorted(params['shared']['level0']), sorted(params['shared']['level1'])
    (['common', 'experts'], ['experts'])
    >>> # Level 0 has three experts: one for each of the two tasks, and a shared one.
    >>> params['shared']['level0']['experts']['stage0']['Dense_0']['kernel'].shape
    (3, 4, 8)
    """
    check(backbone, heads)
    check_share('gate_dropout', gate_dropout)
    check_count('num_shared', num_shared, 1)
    check_count('num_own', num_own, 0)
    experts, tail = split_levels(backbone, start, levels)
    units = Units(len(heads), num_own, num_shared)
    last = len(experts) - 1
    private = max(last - 1, 0) if num_own else 0
    common = mixture(softmax_gate(gate, units.experts, gate_dropout), units.experts)
    mix = mixture(softmax_gate(gate, num_own + num_shared, gate_dropout), num_own + num_shared)
    trunk = _trunk(backbone[:start], experts, units, private, mix, common)
    order = tuple(heads)

    def pick(task, z):
        x, lower, shared = z
        at = order.index(task)
        lower = tuple((trees.row(rows, at), common) for rows, common in map(units.split, lower))
        return trees.row(x, at) if private else x, lower, shared

    extraction = dict.fromkeys(heads, _extraction(experts[-1], mix, num_own, range(private, last)))
    return scheme(trunk, {'extraction': extraction, 'heads': with_tail(tail, heads)}, pick)


def _trunk(stages, experts, units: Units, private: int, mix: Module, common: Module) -> Module:
    """Map x to the tasks' inputs at level ``private``, rows of later levels, and shared rows."""
    before = by_stage_name(stages)
    modules, last = dict(before), len(experts) - 1
    for at, expert in enumerate(experts[:-1]):
        modules[f'level{at}/experts'] = units.copies(expert, first=at == 0)
        modules[f'level{at}/common'] = common
        if at < private:
            shared_input = (at == 0, False, True)
            modules[f'level{at}/tasks'] = stack(mix, units.tasks, shared_input=shared_input)
    modules[f'level{last}/experts'] = stack(experts[-1], units.shared)

    def run(call, x):
        tasks = common = run_stages(call, before, x)[-1]
        lower = []
        for at in range(last):
            level = f'level{at}'
            inputs = common if at == 0 else jax.tree.map(lambda leaf: leaf[None], common)
            if at and units.own:
                inputs = jax.tree.map(_joined, tasks, inputs)
            rows = call(f'{level}/experts', inputs)
            if at < private:
                tasks = call(f'{level}/tasks', (tasks, *units.split(rows)))
            else:
                lower.append(rows)
            common = call(f'{level}/common', (common, rows))
        return tasks, tuple(lower), call(f'level{last}/experts', common)

    return wire(modules, run)


def _extraction(expert: Module, mix: Module, num_own: int, lower: range) -> Module:
    """Build the modules of one task: gates of ``lower`` levels, and the last experts and gate."""
    last = f'level{lower.stop}'
    modules = {f'level{at}/gate': mix for at in lower} | {f'{last}/gate': mix}
    modules |= {f'{last}/experts': stack(expert, num_own)} if num_own else {}

    def run(call, z):
        x, rows, shared = z
        for at, (mine, common) in zip(lower, rows, strict=True):
            x = call(f'level{at}/gate', (x, mine, common))
        none = jax.tree.map(lambda leaf: leaf[:0], shared)
        mine = call(f'{last}/experts', x) if num_own else none
        return call(f'{last}/gate', (x, mine, shared))

    return wire(modules, run)


def _joined(*rows):
    return jnp.concatenate(rows)
