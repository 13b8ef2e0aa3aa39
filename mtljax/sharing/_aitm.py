"""AITM: adaptive information transfer along a funnel."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from mtljax.base import Module, MultiTask
from mtljax.module import from_linen, serial, stack, wire
from mtljax.options import check_option
from mtljax.sharing._check import check, check_funnel, check_logits, check_range
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


class _Transfer(linen.Module):
    """Attention over the features of the previous task and the features of the tower itself."""

    @linen.compact
    def __call__(self, x):
        before, features = (leaf.reshape(leaf.shape[0], -1) for leaf in x)
        width = features.shape[-1]
        info = linen.relu(linen.Dense(width, dtype=features.dtype, name='info')(before))
        both = jnp.stack([info, features], axis=1)
        value, key, query = (
            linen.Dense(width, use_bias=False, dtype=features.dtype, name=name)(both)
            for name in ('value', 'key', 'query')
        )
        score = jnp.sum(key * query, axis=-1, keepdims=True) / math.sqrt(width)
        return jnp.sum(jax.nn.softmax(score, axis=1) * value, axis=1)


def aitm(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    start: int = 0,
    calibrate: Any = 0.6,
    funnel: Sequence[str] | None = None,
) -> MultiTask:
    """AITM: a model for events that follow each other; each task attends to the task before it.

    The tasks predict the events of a funnel, in order, for example click and then purchase. Each
    task t has a tower, which is a copy of the backbone with its own parameters. (With ``start``, it
    is a copy of a part of the backbone only.) The features ``z_t`` of a task combine two vectors u
    by attention. The first vector is the output ``tower_t(x)`` of the tower. The second vector is
    ``info_t(z_(t-1))``, where ``info_t`` is a dense layer with ReLU that reads the features of the
    task before. The attention has three more dense layers per task, ``key``, ``query`` and
    ``value``. The features are ``z_t = sum_u softmax_u(<key(u), query(u)> / sqrt(k)) value(u)``,
    where k is the width of the features. The first task has ``z_1 = tower_1(x)``. The prediction is
    ``head_t(z_t)``, one logit per example (Xi et al., KDD 2021, https://arxiv.org/abs/2105.08489).

    An event is never more probable than the event before it. To teach this, the loss of every task
    except the first gets the additional term ``calibrate * mean(max(p_t - p_(t-1), 0))``, where
    ``p_t`` is the predicted probability of the event of task t.

    The tower, the head and the attention layers of the last task are stored under
    ``params['task']['heads']``. The towers, heads and attention layers of all other tasks are
    stored under ``params['shared']``, because the losses of later tasks depend on them too.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      start: The index in ``backbone`` of the first stage of the towers, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      calibrate: The factor of the additional term, at least 0. It is 0.6 in the paper.
      funnel: The tasks from the first event to the last. By default these are all tasks in the
        order of ``heads``. A task that is not in the funnel has a tower and a head of its own,
        under ``params['task']['heads']``, and no additional term.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, an option is out of
        range, or ``funnel`` has an unknown task or one task twice.

    >>> from mtljax import backbones, heads
    >>> model = aitm(backbones.mlp((8,)), {'click': heads.linear(), 'buy': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> # 'transfer' holds the attention layers of the task 'buy'.
    >>> sorted(params['shared']), sorted(params['task']['heads']['buy'])
    (['heads', 'towers'], ['head', 'tower', 'transfer'])
    """
    check(backbone, heads)
    start, _ = check_range(backbone, start, None)
    check_option('calibrate', calibrate, 'a finite number >= 0', lambda value: value >= 0)
    tower, order = serial(*backbone[start:]), check_funnel(funnel, tuple(heads))
    ends = {task: _alone(tower, head) for task, head in heads.items()}
    ends |= {task: _calibrated(_earlier(at), calibrate) for at, task in enumerate(order[:-1])}
    ends[order[-1]] = _calibrated(_last(tower, heads[order[-1]], len(order) > 1), calibrate)

    def auxiliary(state, task):
        return state['task']['heads'][task]['penalty'] if task in order else jnp.zeros(())

    trunk = _trunk(backbone[:start], tower, {task: heads[task] for task in order[:-1]})
    return scheme(trunk, {'heads': ends}, auxiliary=auxiliary)


def _trunk(stages: tuple[Module, ...], tower: Module, heads: Mapping[str, Module]) -> Module:
    """Map x to the common features, z of every task except the last, and their logits."""
    common = by_stage_name(stages)
    modules = dict(common) | ({'towers': stack(tower, len(heads))} if heads else {})
    for at, (task, head) in enumerate(heads.items()):
        modules |= {f'transfers/{task}': from_linen(_Transfer())} if at else {}
        modules[f'heads/{task}'] = head

    def run(call, x):
        x = run_stages(call, common, x)[-1]
        rows = call('towers', x) if heads else ()
        states, logits = [], []
        for task, row in zip(heads, rows, strict=True):
            states.append(call(f'transfers/{task}', (states[-1], row)) if states else row)
            logits.append(call(f'heads/{task}', states[-1]))
        return x, states, logits

    return wire(modules, run)


def _alone(tower: Module, head: Module) -> Module:
    return wire({'tower': tower, 'head': head}, lambda call, z: call('head', call('tower', z[0])))


def _earlier(at: int) -> Module:
    return wire({}, lambda call, z: z[2][: at + 1])


def _last(tower: Module, head: Module, has_earlier: bool) -> Module:
    def run(call, z):
        x, states, logits = z
        row = call('tower', x)
        row = call('transfer', (states[-1], row)) if states else row
        return [*logits, call('head', row)]

    transfer = {'transfer': from_linen(_Transfer())} if has_earlier else {}
    return wire({'tower': tower, **transfer, 'head': head}, run)


def _calibrated(logits: Module, calibrate: Any) -> Module:
    """The last logit; the state holds how far its probability exceeds the one before."""

    def init(key, z):
        params, state = logits.init(key, z)
        return params, {**state, 'penalty': jnp.zeros((), jnp.float32)}

    def apply(params, state, z, *, key=None, train=False):
        chain, after = logits.apply(params, state, z, key=key, train=train)
        check_logits(chain)
        if not train:
            return chain[-1], state
        rates = [jax.nn.sigmoid(logit.astype(jnp.float32)) for logit in chain[-2:]]
        excess = jnp.maximum(rates[-1] - rates[0], 0)  # nothing precedes the first task
        penalty = jnp.float32(calibrate * jnp.mean(excess))
        return chain[-1], {**after, 'penalty': penalty}

    return Module(init, apply)
