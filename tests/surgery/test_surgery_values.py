"""Every method against its oracle, in float64, on Jacobians that are hard for it."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import surgery
from tests.gradients.jacobians import KINDS
from tests.helpers import sampled
from tests.surgery import oracles

SHAPES = {1: [(1, 11)], 2: [(2, 11)], 3: [(3, 11)], 8: [(8, 11)], 40: [(40, 11), (40, 60)]}
ALL, FEW = tuple(SHAPES), (3, 8)
SPLIT = 4  # the first columns are a leaf of their own


class Step(NamedTuple):
    J: Any
    losses: Any
    key: Any


class Case(NamedTuple):
    """A method of T tasks, and an oracle of one step, or of ``steps`` steps (more than one)."""

    method: Callable[[int], surgery.Surgery]
    oracle: Callable
    steps: int = 1
    tasks: tuple[int, ...] = FEW
    without: tuple[str, ...] = ()


def orders_of(key, tasks):
    keys = jax.random.split(key, tasks)
    return np.asarray(jax.vmap(lambda k: jax.random.permutation(k, tasks))(keys))


def in_order(tasks):
    return [range(tasks)] * tasks


def uniforms_of(key, J):
    drawn = [
        jax.random.uniform(jax.random.fold_in(key, index), leaf.shape[1:], J.dtype)
        for index, leaf in enumerate((J[:, :SPLIT], J[:, SPLIT:]))
    ]
    return np.concatenate(drawn)


def slopes(tasks):
    """Numbers that tell the tasks apart."""
    return np.linspace(0.2, 1, tasks)


def gradvac(steps, beta, orders):
    phi, found = np.zeros((len(steps[0].J),) * 2), []
    for step in steps:
        d, phi = oracles.gradvac(step.J, orders(step.key, len(step.J)), phi, beta)
        found.append(d)
    return found


def with_losses(oracle, **options):
    return lambda steps: oracle([(step.J, step.losses) for step in steps], **options)


def without_losses(oracle, *args, **options):
    return lambda steps: oracle([step.J for step in steps], *args, **options)


def by_leaf(steps, **options):
    trees = oracles.metabalance([tree_of(step.J) for step in steps], **options)
    return [np.concatenate([tree['a'], tree['b']]) for tree in trees]


def always(make, **options):
    """The factory as a function of T."""
    return lambda tasks: make(**options)


def stateless(make, oracle, tasks=ALL, **options):
    return Case(always(make, **options), lambda s: oracle(s.J, **options), 1, tasks)


def stateful(make, oracle, tasks=FEW, **options):
    return Case(always(make, **options), oracle, 5, tasks)


CASES = {
    'sum': stateless(surgery.sum, oracles.sum),
    'mean': stateless(surgery.mean, oracles.mean),
    'pcgrad': Case(
        always(surgery.pcgrad), lambda s: oracles.pcgrad(s.J, orders_of(s.key, len(s.J))), 1, ALL
    ),
    'pcgrad in order': Case(
        always(surgery.pcgrad, shuffle=False), lambda s: oracles.pcgrad(s.J, in_order(len(s.J)))
    ),
    'gradvac': Case(always(surgery.gradvac), lambda steps: gradvac(steps, 0.5, orders_of), 5, ALL),
    'gradvac in order': Case(
        always(surgery.gradvac, shuffle=False, beta=0.1),
        lambda steps: gradvac(steps, 0.1, lambda key, tasks: in_order(tasks)),
        5,
    ),
    'graddrop': Case(
        always(surgery.graddrop),
        lambda s: oracles.graddrop(s.J, uniforms_of(s.key, s.J), 0),
        1,
        ALL,
    ),
    'graddrop leak': Case(
        lambda tasks: surgery.graddrop(leak=slopes(tasks)),
        lambda s: oracles.graddrop(s.J, uniforms_of(s.key, s.J), slopes(len(s.J))),
    ),
    'mgda': stateless(surgery.mgda, oracles.mgda),
    **{
        # Where 0 is in the hull of dependent scaled rows, many weights are best.
        f'mgda {name}': Case(
            always(surgery.mgda, normalise=name),
            lambda s, name=name: oracles.mgda(s.J, name, s.losses),
            without=('rank_deficient',),
        )
        for name in ('l2', 'loss', 'loss+')
    },
    'cagrad': stateless(surgery.cagrad, oracles.cagrad, c=0.5),
    'cagrad 1+c^2': stateless(surgery.cagrad, oracles.cagrad, FEW, c=0.4, rescale='1+c^2'),
    'cagrad 1+c': stateless(surgery.cagrad, oracles.cagrad, FEW, c=0.9, rescale='1+c'),
    'imtl_g': stateless(surgery.imtl_g, oracles.imtl_g),
    'nash_mtl': stateless(surgery.nash_mtl, oracles.nash_mtl, max_norm=1.0),
    'nash_mtl unbounded': stateless(surgery.nash_mtl, oracles.nash_mtl, max_norm=None),
    'aligned_mtl': stateless(surgery.aligned_mtl, oracles.aligned_mtl),
    'aligned_mtl median': stateless(surgery.aligned_mtl, oracles.aligned_mtl, FEW, scale='median'),
    'aligned_mtl rmse': stateless(surgery.aligned_mtl, oracles.aligned_mtl, FEW, scale='rmse'),
    'aligned_mtl preference': Case(
        lambda tasks: surgery.aligned_mtl(preference=slopes(tasks)),
        lambda s: oracles.aligned_mtl(s.J, preference=slopes(len(s.J))),
    ),
    'upgrad': stateless(surgery.upgrad, oracles.upgrad),
    'dualproj': stateless(surgery.dualproj, oracles.dualproj),
    'fairgrad': stateless(surgery.fairgrad, oracles.fairgrad, alpha=1.0),
    'fairgrad 2': stateless(surgery.fairgrad, oracles.fairgrad, alpha=2.0),
    'fairgrad 1/2': stateless(surgery.fairgrad, oracles.fairgrad, FEW, alpha=0.5),
    'conflict_free': stateless(surgery.conflict_free, oracles.conflict_free),
    'conflict_free preference': Case(
        lambda tasks: surgery.conflict_free(preference=slopes(tasks)),
        lambda s: oracles.conflict_free(s.J, slopes(len(s.J))),
    ),
    'conflict_free_momentum': stateful(
        surgery.conflict_free_momentum, without_losses(oracles.conflict_free_momentum, 0.9), ALL
    ),
    'gradnorm': stateful(surgery.gradnorm, with_losses(oracles.gradnorm), ALL),
    'gradnorm alpha': stateful(
        surgery.gradnorm, with_losses(oracles.gradnorm, alpha=0.5), alpha=0.5
    ),
    'db_mtl': stateful(surgery.db_mtl, with_losses(oracles.db_mtl), ALL),
    'db_mtl sigma': stateful(
        surgery.db_mtl, with_losses(oracles.db_mtl, beta=0.5, sigma=0.7), beta=0.5, beta_sigma=0.7
    ),
    'moco': stateful(surgery.moco, without_losses(oracles.moco), ALL),
    'moco options': stateful(
        surgery.moco,
        without_losses(oracles.moco, 0.9, 0.2, 0.01, 0.1, 0.3),
        beta=0.9,
        beta_sigma=0.2,
        gamma=0.01,
        gamma_sigma=0.1,
        rho=0.3,
    ),
    'excess_mtl': stateful(surgery.excess_mtl, without_losses(oracles.excess_mtl), ALL),
    'excess_mtl baseline': stateful(
        surgery.excess_mtl,
        without_losses(oracles.excess_mtl, 1.0, 3),
        step_size=1.0,
        baseline_steps=3,
    ),
    'metabalance': stateful(surgery.metabalance, by_leaf, ALL),
    **{
        f'metabalance {which}': stateful(
            surgery.metabalance,
            functools.partial(by_leaf, which=which, target=2, relax=0.4, beta=0.5),
            which=which,
            target=2,
            relax=0.4,
            beta=0.5,
        )
        for which in ('smaller', 'all')
    },
    'krum': stateless(surgery.krum, oracles.krum),
    'krum 2': stateless(surgery.krum, oracles.krum, (3, 8, 40), byzantine=1, selected=2),
    'trimmed_mean': stateless(surgery.trimmed_mean, oracles.trimmed_mean, trim=1),
    'trimmed_mean 3': stateless(surgery.trimmed_mean, oracles.trimmed_mean, FEW, trim=3),
}


def case_at(name, tasks):
    return pytest.param(name, tasks, marks=[] if tasks == 3 else [pytest.mark.exhaustive])


EACH = pytest.mark.parametrize(
    ('name', 'tasks'), [case_at(name, tasks) for name in CASES for tasks in CASES[name].tasks]
)


def tree_of(J):
    return {'a': J[:, :SPLIT], 'b': J[:, SPLIT:]}


def draw(kind, shape, steps, dtype=np.float64):
    rng = np.random.default_rng(shape)
    return [
        Step(
            KINDS[kind](*shape, rng).astype(dtype), rng.uniform(0.5, 2, shape[0]), jax.random.key(k)
        )
        for k in range(steps)
    ]


def expected_of(case, steps):
    return case.oracle(steps) if case.steps > 1 else [case.oracle(step) for step in steps]


def runner(method, tasks):
    """Steps to updates, in one program per shape."""
    one = jax.jit(lambda s, state: method.update(tree_of(s.J), state, losses=s.losses, key=s.key))

    def run(steps):
        params, found = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), tree_of(steps[0].J)), []
        state = method.init(params, num_tasks=tasks)
        for step in steps:
            updates, state = one(jax.tree.map(jnp.asarray, step), state)
            found.append(np.concatenate([updates['a'], updates['b']]))
        return found

    return run


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures('float64')
@EACH
def test_the_oracles(name, tasks):
    case = CASES[name]
    run = runner(case.method(tasks), tasks)
    for shape in SHAPES[tasks]:
        for kind in [kind for kind in KINDS if kind not in case.without]:
            steps = draw(kind, shape, case.steps)
            longest = max(np.linalg.norm(step.J, axis=1).max() for step in steps)
            for found, answer in zip(run(steps), expected_of(case, steps), strict=True):
                assert found.dtype == np.float64
                allowed = 1e-6 * np.linalg.norm(answer) + 1e-9 * longest
                assert np.linalg.norm(found - answer) <= allowed, (kind, shape)


SEVERAL = ('sum', 'mgda', 'cagrad', 'nash_mtl', 'upgrad')
CLOSED = [name for name, case in CASES.items() if case.tasks == ALL]


@pytest.mark.parametrize('name', sampled(CLOSED, SEVERAL))
def test_float32_is_near_the_oracle(name):
    case, shape = CASES[name], (3, 11)
    steps = draw('random', shape, case.steps, np.float32)
    expected = expected_of(case, steps)
    steps = [step._replace(losses=step.losses.astype(np.float32)) for step in steps]
    for found, answer in zip(runner(case.method(3), 3)(steps), expected, strict=True):
        assert found.dtype == np.float32
        assert np.linalg.norm(found - answer) <= 1e-4 * np.linalg.norm(answer)
