"""The single-task baseline."""

from collections.abc import Mapping

import jax

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import fan_out, multitask, serial, split_key, stack
from mtljax.sharing._check import check


def independent(backbone: tuple[Module, ...], heads: Mapping[str, Module]) -> MultiTask:
    """One backbone and one head per task: single-task training, all tasks in one program.

    ``prediction_t = head_t(backbone_t(x))``. The towers are one stacked subtree,
    ``params['task']['towers']`` with leaves ``[T, ...]``, applied by one vmap;
    ``params['shared']`` is empty. A clip by the global norm would couple the towers; an
    element-wise optimiser (SGD, Adam) does not.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.

    Raises:
      ValueError: the backbone is no tuple of Modules, or there is no head.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = independent(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['towers']['stage0']['Dense_0']['kernel'].shape
    (2, 4, 8)
    """
    check(backbone, heads)
    order = tuple(heads)
    tower = serial(*backbone)
    towers = stack(tower, len(order))
    readouts = fan_out(heads, lambda task, z: z[task])

    def init(key, x):
        first, second = split_key(key, 2)
        params, state = towers.init(first, x)
        rows = jax.eval_shape(lambda p, s, x: towers.apply(p, s, x)[0], params, state, x)
        z = jax.eval_shape(lambda rows: dict(zip(order, trees.unstack(rows), strict=True)), rows)
        own, own_state = readouts.init(second, z)
        return (
            {'shared': {}, 'task': {'towers': params, 'heads': own}},
            {'shared': {}, 'task': {'towers': state, 'heads': own_state}},
        )

    def features(params, state, x, *, key=None, train=False):
        return x, state

    def readout(params, state, z, *, tasks=None, key=None, train=False):
        first, second = split_key(key, 2)
        own, written = params['task'], dict(state['task'])
        names = order if tasks is None else tuple(tasks)
        rows, written['towers'] = _towers(own, state['task'], z, names, first, train)
        predictions, written['heads'] = readouts.apply(
            own['heads'], state['task']['heads'], rows, tasks=names, key=second, train=train
        )
        return predictions, {**state, 'task': written}

    def _towers(own, state, x, names, key, train):
        if names == order:
            y, state = towers.apply(own['towers'], state['towers'], x, key=key, train=train)
            return dict(zip(order, trees.unstack(y), strict=True)), state
        keys, rows, written = split_key(key, len(order)), {}, state['towers']
        for name in names:
            at = order.index(name)
            params, before = trees.row(own['towers'], at), trees.row(written, at)
            rows[name], after = tower.apply(params, before, x, key=keys[at], train=train)
            written = trees.set_row(written, at, after)
        return rows, written

    return multitask(init, features, readout, tasks=order)
