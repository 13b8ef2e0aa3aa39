"""All surgeries, and what the tests must know of each; a new method is one row of METHODS."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax import surgery

LOSS = 2.0


class Row(NamedTuple):
    method: surgery.Surgery
    # what equal gradients of norm n and loss LOSS give, times one of them
    equal: Callable[[int, float], float]
    zero_row: Callable[[int], float] | None = None  # d with a zero row added, times d without it
    degree: float | None = 1.0  # gradients s times as long: update s^degree times; None: no law
    symmetric: bool = True
    draws: bool = False  # needs a key at T=3
    rtol: float = 1e-4


def total(tasks, norm):
    return tasks


def average(tasks, norm):
    return 1


def alike(tasks):
    return 1


def share(tasks):
    return (tasks - 1) / tasks


METHODS = {
    'sum': Row(surgery.sum(), total, alike),
    'mean': Row(surgery.mean(), average, share),
    'pcgrad': Row(surgery.pcgrad(), total, alike, symmetric=False, draws=True),
    'pcgrad in order': Row(surgery.pcgrad(shuffle=False), total, alike, symmetric=False),
    'gradvac': Row(surgery.gradvac(), total, alike, symmetric=False, draws=True),
    'gradvac in order': Row(surgery.gradvac(shuffle=False), total, alike, symmetric=False),
    'graddrop': Row(surgery.graddrop(), total, alike, draws=True),
    'mgda': Row(surgery.mgda(), average, lambda tasks: 0),
    'mgda loss+': Row(surgery.mgda(normalise='loss+'), average, lambda tasks: 0),
    'cagrad': Row(surgery.cagrad(c=0.4), lambda tasks, norm: 1.4),
    'imtl_g': Row(surgery.imtl_g(), average, alike, rtol=1e-3),
    'nash_mtl': Row(
        surgery.nash_mtl(max_norm=None), lambda tasks, norm: tasks**0.5 / norm, alike, degree=0
    ),
    'nash_mtl short': Row(surgery.nash_mtl(), lambda tasks, norm: 1 / norm, alike, degree=0),
    'aligned_mtl': Row(surgery.aligned_mtl(), total, alike, rtol=1e-3),
    'upgrad': Row(surgery.upgrad(), average, share),
    'dualproj': Row(surgery.dualproj(), average, share),
    'fairgrad': Row(
        surgery.fairgrad(2.0),
        lambda tasks, norm: tasks * (tasks * norm**2) ** (-2 / 3),
        alike,
        degree=-1 / 3,
    ),
    'conflict_free': Row(surgery.conflict_free(), total, alike, rtol=1e-3),
    'conflict_free_momentum': Row(surgery.conflict_free_momentum(), average, symmetric=False),
    'gradnorm': Row(surgery.gradnorm(), total, alike),
    'db_mtl': Row(surgery.db_mtl(), lambda tasks, norm: 0.1 * tasks / LOSS, alike),
    'moco': Row(surgery.moco(), lambda tasks, norm: 0.5, degree=None),
    'excess_mtl': Row(surgery.excess_mtl(), average, share),
    'metabalance': Row(surgery.metabalance(relax=0.5), total, symmetric=False),
    'krum': Row(surgery.krum(), average),
    'trimmed_mean': Row(surgery.trimmed_mean(1), average),
    'rescale to mean': Row(
        surgery.rescale(surgery.pcgrad(shuffle=False), 'mean'), average, share, symmetric=False
    ),
    'rescale to sum': Row(surgery.rescale(surgery.upgrad(), 'sum'), total, alike),
    'rescale nash_mtl': Row(surgery.rescale(surgery.nash_mtl(), 'sum'), total, alike),
    'smooth': Row(surgery.smooth(surgery.upgrad(), 0.5), average, share),
    'every': Row(surgery.every(surgery.cagrad(c=0.4), 2), lambda tasks, norm: 1.4),
    'per_leaf': Row(surgery.per_leaf(surgery.upgrad()), average, share),
    'per_group': Row(surgery.per_group(surgery.imtl_g(), str), average, alike, rtol=1e-3),
}

KEY = jax.random.key(3)


def params_of(dtype=jnp.float32):
    return {'kernel': jnp.zeros((2, 3), dtype), 'bias': jnp.zeros(2, dtype)}


def rows_like(params, tasks, seed=0):
    rng = np.random.default_rng(seed)

    def draw(leaf):
        return jnp.asarray(rng.normal(size=(tasks, *leaf.shape)), leaf.dtype)

    return jax.tree.map(draw, params)


def each(fn, *rows):
    return jax.tree.map(fn, *rows)


def length(tree):
    return float(np.sqrt(sum(np.sum(np.square(leaf)) for leaf in tree.values())))
