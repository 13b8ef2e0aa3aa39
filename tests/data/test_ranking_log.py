"""Generated impressions: their rates, their funnel, what is masked, and the angle of two tasks."""

import jax
import numpy as np
import pytest

from mtljax import backbones, data, sharing
from mtljax.data._ranking_log.scores import CATEGORICAL, NUMERIC, Columns, directions, scores, space
from tests.helpers import assert_same

SIZES = {'train': 20_000, 'validation': 3_000, 'test': 5_000}
OPTIONS = {**SIZES, 'click': 0.2, 'conversion': 0.05, 'seed': 3}


@pytest.fixture(scope='module')
def log():
    return data.ranking_log(**OPTIONS)


@pytest.fixture
def quick(monkeypatch):
    """Rates need not be exact."""
    monkeypatch.setattr('mtljax.data._ranking_log.ranking_log._CALIBRATION', 1000)


def small(**options):
    return data.ranking_log(**({'train': 2000, 'validation': 50, 'test': 60} | options))


def near(found, rate, count):
    """Within 3 standard errors."""
    return abs(found - rate) < 3 * np.sqrt(rate * (1 - rate) / count)


def test_shapes_and_what_a_backbone_is_told(log):
    assert list(log.tasks) == ['click', 'conversion', 'dwell', 'safety']
    assert [s.size for s in (log.train, log.validation, log.test)] == list(SIZES.values())
    inputs = log.train.arrays.inputs
    assert (inputs['categorical'].shape, inputs['categorical'].dtype) == ((20_000, 7), np.int32)
    assert (inputs['numeric'].shape, inputs['numeric'].dtype) == ((20_000, 6), np.float32)
    assert log.inputs == {'cardinalities': tuple(CATEGORICAL.values()), 'numeric': 6}
    assert (inputs['categorical'].max(0) + 1).tolist() == list(CATEGORICAL.values())
    kinds = {task: y.dtype for task, y in log.train.arrays.targets.items()}
    assert kinds == dict.fromkeys(log.tasks, np.int32) | {'dwell': np.float32}


@pytest.mark.parametrize('split', SIZES)
def test_rates_and_the_funnel(log, split):
    held = getattr(log, split).arrays
    click, conversion, safety = (held.targets[t] for t in ('click', 'conversion', 'safety'))
    assert near(click.mean(), 0.2, len(click))
    assert near(conversion.sum() / click.sum(), 0.05, click.sum())
    assert near(safety.mean(), 0.5, len(safety))
    assert (conversion <= click).all()
    assert {*np.unique(click), *np.unique(conversion), *np.unique(safety)} == {0, 1}


@pytest.mark.parametrize('split', SIZES)
def test_dwell_is_known_after_a_click_alone(log, split):
    held = getattr(log, split).arrays
    np.testing.assert_array_equal(held.mask['dwell'], held.targets['click'] == 1)
    assert not held.targets['dwell'][~held.mask['dwell']].any()
    assert all(held.mask[task].all() for task in ('click', 'conversion', 'safety'))
    logs = held.targets['dwell'][held.mask['dwell']]
    if split == 'train':
        np.testing.assert_allclose([logs.mean(), logs.std()], [0, 1], atol=1e-5)


def test_dwell_is_measured_in_seconds(log):
    held = log.train.arrays
    metric = log.tasks['dwell'].metrics['mae']
    target, mask = held.targets['dwell'][:500], held.mask['dwell'][:500]
    found = float(metric.result(metric.update(target - 50, target, mask)))  # 0 s, nearly
    assert 30 < found < 60
    seconds = log.tasks['dwell'].inverse(target[mask])
    assert float(seconds.mean()) == pytest.approx(found, rel=1e-5)
    assert not metric.higher_is_better


@pytest.fixture(scope='module')
def fits(log):
    """From labels to the weights of a linear fit, for either half of the training impressions."""
    where = space(np.random.default_rng(3).spawn(1)[0])
    size = sum(basis.shape[1] for basis in where.bases) + len(NUMERIC) + 1
    z = scores(where, Columns(**log.train.arrays.inputs), np.eye(size))
    return [np.linalg.solve(half.T @ half, half.T) for half in np.split(z, 2)]


def test_coordinates_are_uncorrelated():
    where = space(np.random.default_rng(0))
    for share, basis in zip(where.shares, where.bases, strict=True):
        np.testing.assert_allclose(share.sum(), 1)
        np.testing.assert_allclose(share @ basis, 0, atol=1e-12)
        np.testing.assert_allclose(basis.T * share @ basis, np.eye(len(share) - 1), atol=1e-12)
    users, items = where.shares[0], where.shares[4]
    np.testing.assert_allclose(users @ where.affinity, 0, atol=1e-12)
    np.testing.assert_allclose(where.affinity @ items, 0, atol=1e-12)
    np.testing.assert_allclose(users @ where.affinity**2 @ items, 1)
    found = directions(where, [0.5, -1.0], np.random.default_rng(1))
    cosines = [[1, 0.5, -1], [0.5, 1, -0.5], [-1, -0.5, 1]]
    np.testing.assert_allclose(found @ found.T, cosines, atol=1e-12)


@pytest.mark.parametrize('conflict', [0.0, 60.0, 135.0])
def test_a_linear_fit_finds_the_angle_of_click_and_safety(log, fits, conflict):
    made = data.ranking_log(**OPTIONS, conflict=conflict)
    assert_same(made.train.arrays.inputs, log.train.arrays.inputs)
    assert_same(made.train.arrays.targets['click'], log.train.arrays.targets['click'])
    labels = np.stack([made.train.arrays.targets[task] for task in ('click', 'safety')], axis=1)
    halves = np.split(labels - labels.mean(0), 2)
    one, two = (fit @ half for fit, half in zip(fits, halves, strict=True))
    (clicks, across), (back, safe) = one.T @ two  # products of halves: their errors cancel
    cosine = (across + back) / 2 / np.sqrt(clicks * safe)
    assert abs(cosine - np.cos(np.radians(conflict))) < 0.05


def test_the_seed_fixes_every_bit(quick):
    found, same, other = small(seed=1), small(seed=1), small(seed=2)
    for split in ('train', 'validation', 'test'):
        assert_same(getattr(found, split).arrays, getattr(same, split).arrays)
    numeric = [d.train.arrays.inputs['numeric'] for d in (found, other)]
    assert (numeric[0] != numeric[1]).any()
    splits = [getattr(found, split).arrays.inputs['numeric'][:50] for split in SIZES]
    assert (splits[0] != splits[1]).all()


def test_labels_can_be_few(quick):
    whole = small()
    half = small(labels={'conversion': 0.5, 'dwell': 0.1})
    fifth = small(labels={'conversion': 0.2, 'dwell': 1e-9})
    held, few, fewer = (d.train.arrays.mask for d in (whole, half, fifth))
    assert held['conversion'].sum() == 2000
    assert (few['conversion'].sum(), fewer['conversion'].sum()) == (1000, 400)
    assert (few['conversion'] | ~fewer['conversion']).all()
    assert few['dwell'].sum() == round(0.1 * held['dwell'].sum())
    assert fewer['dwell'].sum() == 2
    assert (held['dwell'] | ~few['dwell']).all()
    assert few['click'].all()
    assert_same(half.test.arrays.mask, whole.test.arrays.mask)
    assert_same(half.train.arrays.targets['click'], whole.train.arrays.targets['click'])


def test_it_fits_a_funnel(quick):
    log = small()
    first, *rest = backbones.tabular(**log.inputs, widths=(4,))
    model = sharing.esmm((first, *rest), log.heads, funnel=('click', 'conversion'))
    x = log.train.example.inputs
    params, state = jax.eval_shape(lambda: model.init(jax.random.key(0), x))
    found = jax.eval_shape(lambda p, s: model.apply(p, s, x)[0], params, state)
    assert {task: y.shape for task, y in found.items()} == dict.fromkeys(log.tasks, (2,))


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'train': 0}, 'train should be a whole number >= 1'),
        ({'click': 0.0}, r'click should be in \(0, 1\)\. Found click = 0\.0'),
        ({'conversion': 1.0}, r'conversion should be in \(0, 1\)'),
        ({'conflict': 181.0}, 'conflict should be an angle in degrees, 0 to 180'),
        ({'labels': {'buy': 0.5}}, r"labels should name tasks.*Found \['buy'\]"),
        ({'labels': {'click': 0.0}}, r"labels\['click'\] should be in \(0, 1\]"),
        ({'seed': -1}, 'seed should be a whole number'),
        ({'train': 2, 'click': 1e-9}, 'Found none in 2 impressions'),
    ],
)
def test_options_that_are_refused(quick, options, said):
    with pytest.raises(ValueError, match=said):
        small(**options)


def test_some_tasks_are_those_of_the_whole(quick):
    whole, some = small(), small(tasks=('conversion', 'click'))
    assert list(some.tasks) == ['conversion', 'click']
    assert_same(some.train.arrays.inputs, whole.train.arrays.inputs)
    for task in some.tasks:
        assert_same(some.test.arrays.targets[task], whole.test.arrays.targets[task])
    with pytest.raises(ValueError, match=r"tasks should name tasks, .*Found \['sale'\]"):
        small(tasks=('sale',))
