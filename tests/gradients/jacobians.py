"""Jacobians that are hard for gradient surgery: one row per task, of float64."""

import numpy as np


def random(tasks, width, rng):
    return rng.normal(size=(tasks, width))


def conflicting(tasks, width, rng):
    """Mutually obtuse in high dimension; the sum is nearly zero."""
    rows = rng.normal(size=(tasks, width))
    return rows - 0.999 * rows.mean(axis=0)


def nearly_parallel(tasks, width, rng):
    return rng.normal(size=width) + 1e-3 * rng.normal(size=(tasks, width))


def nearly_opposed(tasks, width, rng):
    sign = np.where(np.arange(tasks) % 2, -1, 1)[:, None]
    return sign * nearly_parallel(tasks, width, rng)


def rank_deficient(tasks, width, rng):
    return rng.normal(size=(tasks, 2)) @ rng.normal(size=(2, width))


def scales_apart(tasks, width, rng):
    return rng.normal(size=(tasks, width)) * np.logspace(0, -6, tasks)[:, None]


def zero_row(tasks, width, rng):
    return rng.normal(size=(tasks, width)) * (np.arange(tasks) != tasks // 2)[:, None]


KINDS = {
    fn.__name__: fn
    for fn in (
        random,
        conflicting,
        nearly_parallel,
        nearly_opposed,
        rank_deficient,
        scales_apart,
        zero_row,
    )
}
