"""All surgeries, and their properties; a new method is one row of METHODS."""

import jax

from mtljax import surgery
from mtljax.testing._surgery_case import LOSS, SurgeryCase

KEY = jax.random.key(3)
KINDS = (  # one method for each way to read a Jacobian
    'sum',
    'cagrad',
    'graddrop',
    'conflict_free_momentum',
    'metabalance',
    'excess_mtl',
    'every',
    'per_leaf',
)


def total(tasks, norm):
    return tasks


def average(tasks, norm):
    return 1


def alike(tasks):
    return 1


def share(tasks):
    return (tasks - 1) / tasks


METHODS = {
    'sum': SurgeryCase(surgery.sum(), total, alike),
    'mean': SurgeryCase(surgery.mean(), average, share),
    'pcgrad': SurgeryCase(surgery.pcgrad(), total, alike, symmetric=False, draws='orders'),
    'pcgrad in order': SurgeryCase(surgery.pcgrad(shuffle=False), total, alike, symmetric=False),
    'gradvac': SurgeryCase(surgery.gradvac(), total, alike, symmetric=False, draws='orders'),
    'gradvac in order': SurgeryCase(surgery.gradvac(shuffle=False), total, alike, symmetric=False),
    'graddrop': SurgeryCase(surgery.graddrop(), total, alike, draws='signs'),
    'mgda': SurgeryCase(surgery.mgda(), average, lambda tasks: 0),
    'mgda loss+': SurgeryCase(surgery.mgda(normalise='loss+'), average, lambda tasks: 0),
    'cagrad': SurgeryCase(surgery.cagrad(c=0.4), lambda tasks, norm: 1.4),
    'imtl_g': SurgeryCase(surgery.imtl_g(), average, alike, rtol=1e-3),
    'nash_mtl': SurgeryCase(
        surgery.nash_mtl(max_norm=None), lambda tasks, norm: tasks**0.5 / norm, alike, degree=0
    ),
    'nash_mtl short': SurgeryCase(
        surgery.nash_mtl(), lambda tasks, norm: 1 / norm, alike, degree=0
    ),
    'aligned_mtl': SurgeryCase(surgery.aligned_mtl(), total, alike, rtol=1e-3),
    'upgrad': SurgeryCase(surgery.upgrad(), average, share),
    'dualproj': SurgeryCase(surgery.dualproj(), average, share),
    'fairgrad': SurgeryCase(
        surgery.fairgrad(2.0),
        lambda tasks, norm: tasks * (tasks * norm**2) ** (-2 / 3),
        alike,
        degree=-1 / 3,
    ),
    'conflict_free': SurgeryCase(surgery.conflict_free(), total, alike, rtol=1e-3),
    'conflict_free_momentum': SurgeryCase(
        surgery.conflict_free_momentum(), average, symmetric=False, reads='some'
    ),
    'gradnorm': SurgeryCase(surgery.gradnorm(), total, alike),
    'db_mtl': SurgeryCase(surgery.db_mtl(), lambda tasks, norm: 0.1 * tasks / LOSS, alike),
    'moco': SurgeryCase(surgery.moco(), lambda tasks, norm: 0.5, degree=None),
    'excess_mtl': SurgeryCase(surgery.excess_mtl(), average, share),
    'metabalance': SurgeryCase(
        surgery.metabalance(relax=0.5), total, symmetric=False, has_target=True
    ),
    'krum': SurgeryCase(surgery.krum(), average),
    'trimmed_mean': SurgeryCase(surgery.trimmed_mean(1), average),
    'rescale to mean': SurgeryCase(
        surgery.rescale(surgery.pcgrad(shuffle=False), 'mean'), average, share, symmetric=False
    ),
    'rescale to sum': SurgeryCase(surgery.rescale(surgery.upgrad(), 'sum'), total, alike),
    'rescale nash_mtl': SurgeryCase(surgery.rescale(surgery.nash_mtl(), 'sum'), total, alike),
    'smooth': SurgeryCase(surgery.smooth(surgery.upgrad(), 0.5), average, share),
    'every': SurgeryCase(
        surgery.every(surgery.cagrad(c=0.4), 2), lambda tasks, norm: 1.4, reads='all at first'
    ),
    'watch': SurgeryCase(
        surgery.watch(surgery.pcgrad(shuffle=False)), total, alike, symmetric=False
    ),
    'watch graddrop': SurgeryCase(
        surgery.watch(surgery.graddrop(), every=2), total, alike, draws='signs'
    ),
    'per_leaf': SurgeryCase(surgery.per_leaf(surgery.upgrad()), average, share, by_array=True),
    'per_group': SurgeryCase(
        surgery.per_group(surgery.imtl_g(), str), average, alike, by_array=True, rtol=1e-3
    ),
}
