"""The table of sharing schemes that the conformance tests go through."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.selfcheck import sharing_schemes
from experiments.selfcheck.sharing_schemes import build
from mtljax import Batch, Task, backbones, heads, sharing
from tests.helpers import regression, small_tasks

__all__ = ['BACKBONE', 'DEEP', 'SCHEMES', 'Scheme', 'batch_for', 'build', 'tasks_for']

BACKBONE = backbones.mlp((6, 4), activation=jnp.tanh)
DEEP = backbones.mlp((4, 4, 4), activation=jnp.tanh)


@dataclass(frozen=True)
class Scheme(sharing_schemes.Scheme):
    """A scheme, its options, and what it is built on."""

    count: int = 2
    backbone: tuple[Any, ...] = BACKBONE


SCHEMES = {
    'independent': Scheme(sharing.independent),
    'hard': Scheme(sharing.hard),
    'branched early': Scheme(sharing.branched, {'at': {0: 1, 1: 2}}, count=3),
    'branched alone': Scheme(sharing.branched, {'at': {1: 1}}),
    'branched input': Scheme(sharing.branched, {'at': {1: 0}}),
    'soft': Scheme(sharing.soft, {'parallel': [1]}, count=3),
    'soft below': Scheme(sharing.soft, {'parallel': [0]}),
    'cross_stitch': Scheme(sharing.cross_stitch, count=3),
    'cross_stitch some': Scheme(
        sharing.cross_stitch, {'start': 1, 'after': [1], 'per_channel': True}, backbone=DEEP
    ),
    'sluice': Scheme(sharing.sluice, backbone=DEEP),
    'sluice plain': Scheme(sharing.sluice, {'mixture': False, 'after': [0], 'own': 0.5}),
    'nddr': Scheme(sharing.nddr),
    'nddr plain': Scheme(sharing.nddr, {'norm': False, 'start': 1}),
    'mmoe': Scheme(sharing.mmoe, {'num_experts': 3}, count=3),
    'mmoe some': Scheme(
        sharing.mmoe,
        {'num_experts': 2, 'start': 1, 'stop': 2, 'gate_at': 0, 'gate': heads.linear},
        backbone=DEEP,
    ),
    'omoe': Scheme(sharing.omoe, {'num_experts': 3, 'gate': heads.mlp((5,), 3)}),
    'dselect_k': Scheme(sharing.dselect_k, {'num_experts': 5, 'entropy': 0.1}),
    'dselect_k constant': Scheme(sharing.dselect_k, {'num_experts': 4, 'per_example': False}),
    'cgc': Scheme(sharing.cgc, {'num_shared': 2, 'stop': 1}),
    'ple': Scheme(sharing.ple, {'num_own': 2}),
    'ple deep': Scheme(sharing.ple, backbone=DEEP),
    'ple shared': Scheme(sharing.ple, {'num_own': 0, 'num_shared': 2}),
    'adatt': Scheme(sharing.adatt),
    'adatt common': Scheme(sharing.adatt, {'num_own': 2, 'num_shared': 1}),
    'mtan': Scheme(sharing.mtan),
    'film': Scheme(sharing.film, count=3),
    'film late': Scheme(sharing.film, {'after': [1]}),
    'adapters': Scheme(sharing.adapters, {'width': 2}),
    'task_token': Scheme(sharing.task_token, {}, 'alike'),
    'task_token prepended': Scheme(sharing.task_token, {'how': 'prepend', 'before': 1}, 'alike'),
    'esmm': Scheme(sharing.esmm, {}, 'logits', count=3),
    'aitm': Scheme(sharing.aitm, {'start': 1, 'calibrate': 3.0}, 'logits', count=3),
}


def tasks_for(scheme, count=None):
    """Tasks whose names are unsorted."""
    names = ('wide', 'b', 'a', 'z', 'k')[: count or scheme.count]
    if scheme.tasks == 'alike':
        return {name: regression(2) for name in names}
    if scheme.tasks == 'logits':
        return dict.fromkeys(names, Task(heads.linear(), optax.sigmoid_binary_cross_entropy))
    return {name: small_tasks().get(name) or regression() for name in names}


def batch_for(model, tasks, x, seed=0):
    """Inputs (as they are, or one per task) with targets in the shape of the predictions."""
    rng = np.random.default_rng(seed)
    per_task = isinstance(x, dict)
    made = jax.eval_shape(lambda: model.apply(*model.init(jax.random.key(0), x), x)[0])
    targets = {}
    for name, task in tasks.items():
        shape = made[name].shape
        if task.loss is optax.softmax_cross_entropy_with_integer_labels:
            targets[name] = rng.integers(shape[-1], size=shape[:-1]).astype(np.int32)
        elif task.loss is optax.sigmoid_binary_cross_entropy:
            targets[name] = rng.integers(2, size=shape).astype(np.float32)
        else:
            targets[name] = rng.normal(size=shape).astype(np.float32)
    size = len(next(iter(x.values())) if per_task else x)
    return Batch(x, targets, {name: np.ones(size, bool) for name in tasks})
