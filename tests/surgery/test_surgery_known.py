"""Known answers: numbers that were computed elsewhere, and cases that have one answer only."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import solvers, surgery
from tests.surgery import oracles

A = np.array([[-4.0, 1, 1], [6, 1, 1]])
B = np.array([[1.0, 0, 0, 2], [-2, 1, 0, 1], [0.5, -1, 3, -1]])
OPPOSED = np.array([[1.0, 0], [-2, 0]])
EQUAL = np.array([[1.0, 2], [1, 2]])
ONE_ZERO = np.array([[3.0, 4], [0, 0]])
NO_DESCENT = np.array([[1.0, 0], [-2, 0], [0, 3]])  # 0 is on an edge of the hull
KRUM = np.array([[1.0, 1, 1], [1, 0, 1], [75, -666, 23], [1, 2, 3], [2, 0, 1]])
TRIMMED = np.array([[1e11, 3], [1, -1e11], [-1e10, 1e10], [2, 2]])

CAGRAD_A, CAGRAD_B = (0.183503, 1.204124, 1.204124), (-0.35098, 0.142586, 1.184558, 1.195526)
NASH_A, NASH_B = (0.076584, 0.998533, 0.998533), (-0.328418, 0.106207, 1.261432, 1.135628)
ALIGNED_A, ALIGNED_B = (0.213279, 0.967333, 0.967333), (-0.21139, 0.061248, 0.866594, 0.750056)
MGDA_B = (-0.240602, 0.097744, 0.812030, 0.819549)
IMTL_B = (-0.257639, 0.067329, 0.904845, 0.726211)
UPGRAD_B = (-0.351567, 0.048433, 1.431624, 0.970655)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def update(method, J, key=None):
    updates = {'w': jnp.asarray(J)}
    params = {'w': updates['w'][0]}
    state = method.init(params, num_tasks=len(J))
    return jax.jit(method.update)(updates, state, params, key=key)[0]['w']


KNOWN = {
    'mgda A': (surgery.mgda(), A, (0, 1, 1)),
    'mgda B': (surgery.mgda(), B, MGDA_B),
    'mgda opposed': (surgery.mgda(), OPPOSED, (0, 0)),
    'mgda equal': (surgery.mgda(), EQUAL, (1, 2)),
    'mgda one zero': (surgery.mgda(), ONE_ZERO, (0, 0)),
    'pcgrad A': (surgery.pcgrad(), A, (0.584795, 3.801170, 3.801170)),
    'pcgrad B in order': (surgery.pcgrad(shuffle=False), B, (-1, 0.1, 4.2, 2.7)),
    'pcgrad opposed': (surgery.pcgrad(), OPPOSED, (0, 0)),
    'pcgrad equal': (surgery.pcgrad(), EQUAL, (2, 4)),
    'gradvac at first is pcgrad A': (surgery.gradvac(), A, (0.584795, 3.801170, 3.801170)),
    'gradvac at first is pcgrad B': (surgery.gradvac(shuffle=False), B, (-1, 0.1, 4.2, 2.7)),
    'cagrad A': (surgery.cagrad(0.5), A, CAGRAD_A),
    'cagrad B': (surgery.cagrad(0.5), B, CAGRAD_B),
    'cagrad 1+c^2': (surgery.cagrad(0.5, rescale='1+c^2'), B, 0.8 * np.array(CAGRAD_B)),
    'cagrad 1+c': (surgery.cagrad(0.5, rescale='1+c'), B, np.array(CAGRAD_B) / 1.5),
    'cagrad opposed': (surgery.cagrad(0.5), OPPOSED, (-0.25, 0)),
    'cagrad equal': (surgery.cagrad(0.5), EQUAL, (1.5, 3)),
    'cagrad of radius 0 is the mean': (surgery.cagrad(0.0), B, B.mean(axis=0)),
    'cagrad one zero': (surgery.cagrad(0.5), ONE_ZERO, (2.25, 3)),
    'cagrad no descent': (surgery.cagrad(0.5), NO_DESCENT, (0, 1)),
    'nash A': (surgery.nash_mtl(max_norm=None), A, NASH_A),
    'nash B': (surgery.nash_mtl(max_norm=None), B, NASH_B),
    'nash B of norm 1': (surgery.nash_mtl(), B, np.array(NASH_B) / np.sqrt(3)),
    'nash opposed': (surgery.nash_mtl(), OPPOSED, (0, 0)),
    'nash one zero': (surgery.nash_mtl(max_norm=None), ONE_ZERO, (0.6, 0.8)),
    'fairgrad of 1 is nash A': (surgery.fairgrad(1.0), A, NASH_A),
    'fairgrad of 1 is nash B': (surgery.fairgrad(1.0), B, NASH_B),
    'imtl_g A': (surgery.imtl_g(), A, (0.076697, 1, 1)),
    'imtl_g B': (surgery.imtl_g(), B, IMTL_B),
    'imtl_g opposed': (surgery.imtl_g(), OPPOSED, (0, 0)),
    'imtl_g equal': (surgery.imtl_g(), EQUAL, (1, 2)),
    'imtl_g one zero': (surgery.imtl_g(), ONE_ZERO, (3, 4)),
    'aligned_mtl A': (surgery.aligned_mtl(preference=np.full(2, 1 / 2)), A, ALIGNED_A),
    'aligned_mtl B': (surgery.aligned_mtl(preference=np.full(3, 1 / 3)), B, ALIGNED_B),
    'aligned_mtl adds up': (surgery.aligned_mtl(), A, 2 * np.array(ALIGNED_A)),
    'aligned_mtl equal': (surgery.aligned_mtl(), EQUAL, (2, 4)),
    'upgrad A': (surgery.upgrad(), A, (0.292398, 1.900585, 1.900585)),
    'upgrad B': (surgery.upgrad(), B, UPGRAD_B),
    'upgrad opposed': (surgery.upgrad(), OPPOSED, (0, 0)),
    'upgrad equal': (surgery.upgrad(), EQUAL, (1, 2)),
    'dualproj A': (surgery.dualproj(), A, (0.555556, 1.111111, 1.111111)),
    'dualproj B is the mean': (surgery.dualproj(), B, B.mean(axis=0)),
    'conflict_free opposed': (surgery.conflict_free(), OPPOSED, (0, 0)),
    'conflict_free equal': (surgery.conflict_free(), EQUAL, (2, 4)),
    'conflict_free one zero': (surgery.conflict_free(), ONE_ZERO, (3, 4)),
    'krum': (surgery.krum(1, selected=4), KRUM, (1.25, 0.75, 1.5)),
    'krum takes the row amid the others': (surgery.krum(), [[0.0], [1], [3], [9]], (1,)),
    'trimmed_mean of huge entries': (surgery.trimmed_mean(1), TRIMMED, (1.5, 2.5)),
    'trimmed_mean': (surgery.trimmed_mean(), [[0.0, 7], [1, 8], [5, -9]], (1, 7)),
}


@pytest.mark.parametrize(('method', 'J', 'expected'), KNOWN.values(), ids=KNOWN)
def test_known(method, J, expected):
    found = update(method, J, jax.random.key(0))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


TORCHJD = {
    'nash A': (surgery.nash_mtl(max_norm=1.0), (0.0542, 0.7061, 0.7061), 5e-5),
    'conflict_free A': (surgery.conflict_free(), (0.1588, 2.0706, 2.0706), 5e-5),
    'gradvac A': (surgery.gradvac(), (0.5848, 3.8012, 3.8012), 5e-5),
    'fairgrad A': (surgery.fairgrad(1.0), (0.0766, 0.9985, 0.9985), 5e-5),
    'upgrad A': (surgery.upgrad(), (0.2929, 1.9004, 1.9004), 1e-3),  # it regularises
    'dualproj A': (surgery.dualproj(), (0.5563, 1.1109, 1.1109), 1e-3),
}


@pytest.mark.parametrize(('method', 'expected', 'atol'), TORCHJD.values(), ids=TORCHJD)
def test_torchjd_has_the_same(method, expected, atol):
    np.testing.assert_allclose(update(method, A), expected, rtol=0, atol=atol)


WEIGHTS = {
    'mgda A': (solvers.min_norm, A, (0.6, 0.4)),
    'mgda B': (solvers.min_norm, B, (0.360902, 0.368421, 0.270677)),
    'mgda opposed': (solvers.min_norm, OPPOSED, (2 / 3, 1 / 3)),
    'nash A': (solvers.nash, A, (0.591461, 0.407071)),
    'nash B': (solvers.nash, B, (0.514711, 0.526684, 0.420477)),
}


@pytest.mark.parametrize(('solver', 'J', 'expected'), WEIGHTS.values(), ids=WEIGHTS)
def test_known_weights(solver, J, expected):
    found = solver(*solvers.normalise(jnp.asarray(J @ J.T))).weights
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(('J', 'expected'), [(A, 0.281788), (B, 0.448862)])
def test_imtl_g_has_one_cosine_with_all(J, expected):
    for method in (surgery.imtl_g(), surgery.conflict_free()):
        d = np.asarray(update(method, J))
        cosines = J @ d / np.linalg.norm(J, axis=1) / np.linalg.norm(d)
        np.testing.assert_allclose(cosines, expected, atol=1e-6)


@pytest.mark.parametrize(('J', 'expected'), [(A, (2, 2, 2)), (B, (-0.5, 0, 3, 2))])
def test_graddrop_keeps_the_sum_on_average(J, expected):
    assert_mean(surgery.graddrop(), J, expected)


def test_pcgrad_over_all_random_orders():
    expected = (-1.026667, 0.133333, 4.2, 2.813333)
    each = itertools.product(itertools.permutations(range(3)), repeat=3)
    exact = np.mean([oracles.pcgrad(B, orders) for orders in each], axis=0)
    np.testing.assert_allclose(exact, expected, atol=1e-6)
    assert_mean(surgery.pcgrad(), B, exact)


def assert_mean(method, J, expected):
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = np.asarray(jax.jit(jax.vmap(lambda key: update(method, J, key)))(keys))
    error = drawn.std(axis=0) / np.sqrt(len(keys))
    assert (abs(drawn.mean(axis=0) - expected) <= 5 * error + 1e-5).all()
    assert error.max() > 0


def test_krum_of_two_is_the_first():
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=11) + 1e-3 * rng.normal(size=(50, 2, 11))
    found = jax.jit(jax.vmap(lambda J: update(surgery.krum(), J)))(pairs)
    np.testing.assert_allclose(found, pairs[:, 0], rtol=1e-12)


def test_pcgrad_leaves_agreeing_gradients_alone():
    J = abs(np.random.default_rng(0).normal(size=(4, 6)))
    np.testing.assert_allclose(update(surgery.pcgrad(), J, jax.random.key(0)), J.sum(0), rtol=1e-9)
