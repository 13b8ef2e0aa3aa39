"""Adaptive information transfer along a funnel."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from mtljax.base import Module, MultiTask
from mtljax.module import from_linen, serial, stack, wire
from mtljax.options import check_option
from mtljax.sharing._check import check, check_logits, check_range
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


class _Transfer(linen.Module):
    """Attention of a tower over what comes from the task before and its own features."""

    @linen.compact
    def __call__(self, x):
        before, own = (leaf.reshape(len(leaf), -1) for leaf in x)
        width = own.shape[-1]
        info = linen.relu(linen.Dense(width, dtype=own.dtype, name='info')(before))
        both = jnp.stack([info, own], axis=1)
        value, key, query = (
            linen.Dense(width, use_bias=False, dtype=own.dtype, name=name)(both)
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
) -> MultiTask:
    """One tower per task; each attends to the one before it, along a funnel (Xi et al., KDD 2021).

    ``z_t = sum_u softmax_u(<key(u), query(u)> / sqrt(k)) value(u)`` over ``u`` in
    ``{info_t(z_(t-1)), tower_t(x)}``, ``prediction_t = head_t(z_t)``
    (https://arxiv.org/abs/2105.08489). The tasks' order is that of the events. Predictions are
    logits, one per example; ``calibrate`` times ``mean max(p_t - p_(t-1), 0)`` is added to the loss
    of every task but the first, since an event is never likelier than the one before it.

    All towers, transfers and heads that later tasks depend on lie under ``params['shared']``; those
    of the last task are its own.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}`` in the order of the funnel; that of every T axis.
      start: the first stage with a tower of its own; those before are common.
      calibrate: the strength of the calibrator, 0.6 in the paper.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

    >>> from mtljax import backbones, heads
    >>> model = aitm(backbones.mlp((8,)), {'click': heads.linear(), 'buy': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> sorted(params['shared']), sorted(params['task']['heads']['buy'])
    (['heads', 'towers'], ['head', 'tower', 'transfer'])
    """
    check(backbone, heads)
    start, _ = check_range(backbone, start, None)
    check_option('calibrate', calibrate, 'a finite number >= 0', lambda found: found >= 0)
    tower, tasks = serial(*backbone[start:]), tuple(heads)
    own = {task: _calibrated(_earlier(at), calibrate) for at, task in enumerate(tasks[:-1])}
    own[tasks[-1]] = _calibrated(_last(tower, heads[tasks[-1]], len(tasks) > 1), calibrate)

    def auxiliary(state, task):
        return state['task']['heads'][task]['penalty']

    trunk = _trunk(backbone[:start], tower, {task: heads[task] for task in tasks[:-1]})
    return scheme(trunk, {'heads': own}, auxiliary=auxiliary)


def _trunk(stages: tuple[Module, ...], tower: Module, heads: Mapping[str, Module]) -> Module:
    """``x -> (common features, the state z of every task but the last, their logits)``."""
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


def _earlier(at: int) -> Module:
    return wire({}, lambda call, z: z[2][: at + 1])


def _last(tower: Module, head: Module, behind: bool) -> Module:
    def run(call, z):
        x, states, logits = z
        row = call('tower', x)
        row = call('transfer', (states[-1], row)) if states else row
        return [*logits, call('head', row)]

    transfer = {'transfer': from_linen(_Transfer())} if behind else {}
    return wire({'tower': tower, **transfer, 'head': head}, run)


def _calibrated(logits: Module, calibrate: Any) -> Module:
    """The last logit; in the state, by how much its probability exceeds the one before."""

    def init(key, z):
        params, state = logits.init(key, z)
        return params, {**state, 'penalty': jnp.zeros((), jnp.float32)}

    def apply(params, state, z, *, key=None, train=False):
        found, after = logits.apply(params, state, z, key=key, train=train)
        check_logits(found)
        if not train:
            return found[-1], state
        rates = [jax.nn.sigmoid(logit.astype(jnp.float32)) for logit in found[-2:]]
        excess = jnp.maximum(rates[-1] - rates[0], 0)  # nothing precedes the first task
        penalty = jnp.float32(calibrate * jnp.mean(excess))
        return found[-1], {**after, 'penalty': penalty}

    return Module(init, apply)
