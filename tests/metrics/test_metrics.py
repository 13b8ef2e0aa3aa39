"""Metrics against scikit-learn, whole and in parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from mtljax import metrics

RNG = np.random.default_rng(0)
SIZE = 5000
MASK = RNG.random(SIZE) < 0.7
LOGITS, CLASSES = RNG.normal(size=(SIZE, 4)).astype(np.float32), RNG.integers(4, size=SIZE)
VALUES, TRUTH = RNG.normal(size=(2, SIZE)).astype(np.float32)
LABELS = (RNG.random(SIZE) < 0.3).astype(np.int32)
SCORES = (RNG.normal(size=SIZE) + LABELS).astype(np.float32)
MOTION, FLOW = RNG.normal(size=(2, SIZE, 2)).astype(np.float32)
BOXES, PLACES = RNG.uniform(0.1, 0.9, size=(2, SIZE, 4)).astype(np.float32)


def mean_overlap(boxes, others):
    """The plain formula, in corners."""
    low, high = ([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2] for b in (boxes, others))
    sides = np.minimum(low[1], high[1]) - np.maximum(low[0], high[0])
    shared = np.clip(sides, 0, None).prod(1)
    return (shared / (boxes[:, 2:].prod(1) + others[:, 2:].prod(1) - shared)).mean()


CASES = {
    'accuracy': (
        metrics.accuracy(),
        (LOGITS, CLASSES),
        lambda y, t: sk.accuracy_score(t, y.argmax(1)),
        1e-6,
    ),
    'mae': (metrics.mae(), (VALUES, TRUTH), sk.mean_absolute_error, 1e-6),
    'rmse': (metrics.rmse(), (VALUES, TRUTH), sk.root_mean_squared_error, 1e-6),
    'auc': (metrics.auc(), (SCORES, LABELS), lambda y, t: sk.roc_auc_score(t, y), 1e-12),
    'streaming auc': (
        metrics.auc(streaming=True),
        (SCORES, LABELS),
        lambda y, t: sk.roc_auc_score(t, y),
        2e-3,
    ),
    'binary_accuracy': (
        metrics.binary_accuracy(),
        (SCORES, LABELS),
        lambda y, t: sk.accuracy_score(t, y > 0),
        1e-6,
    ),
    'f1': (metrics.f1(), (SCORES, LABELS), lambda y, t: sk.f1_score(t, y > 0), 1e-6),
    'mean_iou': (
        metrics.mean_iou(4),
        (LOGITS, CLASSES.astype(np.int8)),
        lambda y, t: sk.jaccard_score(t, y.argmax(1), average='macro'),
        1e-6,
    ),
    'mean_iou of one logit': (
        metrics.mean_iou(2),
        (SCORES, LABELS.astype(np.float32)),
        lambda y, t: sk.jaccard_score(t, y > 0, average='macro'),
        1e-6,
    ),
    'endpoint_error': (
        metrics.endpoint_error(),
        (MOTION, FLOW),
        lambda y, t: np.sqrt(((y - t) ** 2).sum(1)).mean(),
        1e-6,
    ),
    'wape': (
        metrics.wape(),
        (VALUES, TRUTH),
        lambda y, t: 100 * abs(y - t).sum() / abs(t).sum(),
        1e-3,
    ),
    'mape': (
        metrics.mape(),
        (VALUES, TRUTH),
        lambda y, t: 100 * sk.mean_absolute_percentage_error(t.astype(float), y),
        1.0,
    ),
    'mae in other units': (
        metrics.mae(inverse=lambda y: 3 * y + 5),
        (VALUES, TRUTH),
        lambda y, t: 3 * sk.mean_absolute_error(t, y),
        1e-5,
    ),
    'rmse in other units': (
        metrics.rmse(inverse=lambda y: 3 * y + 5),
        (VALUES, TRUTH),
        lambda y, t: 3 * sk.root_mean_squared_error(t, y),
        1e-5,
    ),
    'wape in other units': (
        metrics.wape(inverse=jnp.exp),
        (VALUES, TRUTH),
        lambda y, t: 100 * abs(np.exp(y) - np.exp(t)).sum() / np.exp(t).sum(),
        1e-3,
    ),
    'box_iou': (metrics.box_iou(), (BOXES, PLACES), mean_overlap, 1e-6),
}
ERRORS = ('mae', 'rmse', 'wape', 'mape', 'endpoint_error')


@pytest.mark.parametrize(('metric', 'data', 'reference', 'error'), CASES.values(), ids=CASES)
def test_against_the_reference(metric, data, reference, error):
    update = jax.jit(metric.update)
    prediction, target = data
    broken = prediction.copy()
    broken[~MASK] = np.nan if broken.ndim == 1 else 1e9
    whole = update(broken, target, MASK)
    expected = reference(prediction[MASK], target[MASK])
    np.testing.assert_allclose(metric.result(whole), expected, atol=error)
    halves = [update(broken, target, MASK & half) for half in _halves()]
    join = np.append if metric.collects else np.add
    added = jax.tree.map(join, *halves)
    np.testing.assert_allclose(metric.result(added), metric.result(whole), rtol=1e-6)


def _halves():
    """The two halves as masks, so that their program is that of the whole."""
    first = np.arange(SIZE) < SIZE // 2
    return first, ~first


def test_auc_errs_by_half_the_pairs_that_share_a_bin():
    scores = (1 + np.arange(400) * 2.0**-9).astype(np.float32)  # two or more in every bin
    labels = (np.random.default_rng(0).random(400) < 0.4).astype(np.int32)
    metric = metrics.auc(streaming=True)
    actual = metric.result(metric.update(scores, labels, np.ones(400, bool)))
    bins = scores.view(np.uint32) >> 16
    same = (bins[labels == 1][:, None] == bins[labels == 0][None]).mean()
    assert 0 < abs(actual - sk.roc_auc_score(labels, scores)) <= same / 2
    spread = scores[labels == 1][:, None] / scores[labels == 0][None]
    apart = bins[labels == 1][:, None] != bins[labels == 0][None]
    assert (abs(spread - 1) > 2.0**-7)[~apart].sum() == 0


@pytest.mark.parametrize('streaming', [False, True])
def test_auc_of_negative_scores_and_ties(streaming):
    scores = np.array([-3.0, -1.0, 0.0, 0.0, 2.0, -1.0], np.float32)
    labels = np.array([0, 1, 0, 1, 1, 0], np.int32)
    metric = metrics.auc(streaming=streaming)
    actual = metric.result(metric.update(scores, labels, np.ones(6, bool)))
    np.testing.assert_allclose(actual, sk.roc_auc_score(labels, scores), rtol=1e-6)


@pytest.mark.parametrize('streaming', [False, True])
def test_auc_of_signed_zeros_is_a_tie(streaming):
    metric = metrics.auc(streaming=streaming)
    scores, labels = np.array([-0.0, 0.0], np.float32), np.array([0, 1])
    assert metric.result(metric.update(scores, labels, np.ones(2, bool))) == 0.5


def test_directions():
    actual = {name: case[0].higher_is_better for name, case in CASES.items()}
    assert actual == {name: name.split()[0] not in ERRORS for name in CASES}


def test_pixels_count_one_by_one():
    metric = metrics.accuracy()
    logits = np.zeros((2, 3, 2), np.float32)
    labels = np.array([[0, 0, 1], [1, 1, 1]])
    rows = metric.result(metric.update(logits, labels, np.array([True, False])))
    mask = np.array([[True, True, False], [True, False, False]])
    np.testing.assert_allclose(rows, 2 / 3, rtol=1e-6)
    np.testing.assert_allclose(metric.result(metric.update(logits, labels, mask)), 2 / 3, rtol=1e-6)


@pytest.mark.parametrize('name', CASES)
def test_a_labelled_nan_is_nan(name):
    metric, (prediction, target), _, _ = CASES[name]
    prediction = prediction.copy()
    prediction[7] = np.nan
    mask = np.ones(SIZE, bool)
    assert np.isnan(metric.result(metric.update(prediction, target, mask)))
    mask[7] = False
    assert np.isfinite(metric.result(metric.update(prediction, target, mask)))


@pytest.mark.parametrize('metric', [metrics.auc, metrics.f1])
def test_one_logit_per_label(metric):
    with pytest.raises(ValueError, match=r'Found prediction \(5000, 1\) and target \(5000,\)'):
        metric().update(SCORES[:, None], LABELS, MASK)


def test_no_label_is_nan():
    metric = metrics.mae()
    sums = metric.update(VALUES, TRUTH, np.zeros(SIZE, bool))
    assert np.isnan(metric.result(sums))


def test_delta_m():
    """Wide: +10 % accuracy (better), +20 % error (worse); b: -25 % error (better)."""
    baseline = {'wide': {'accuracy': 0.5, 'mae': 2.0}, 'b': {'mae': 4.0}}
    results = {'wide': {'accuracy': 0.55, 'mae': 2.4}, 'b': {'mae': 3.0}}
    higher = {'wide': {'accuracy': True, 'mae': False}, 'b': {'mae': False}}
    actual = metrics.delta_m(results, baseline, higher)
    assert actual['delta_m_flat'] == pytest.approx((-10 + 20 - 25) / 3)
    assert actual['delta_m_task'] == pytest.approx(((-10 + 20) / 2 - 25) / 2)
    assert metrics.delta_m(baseline, baseline, higher)['delta_m_flat'] == 0


@pytest.mark.parametrize('metric', [metrics.mae, metrics.rmse, metrics.accuracy])
def test_a_metric_that_broadcasts(metric):
    prediction = np.zeros((4, 1, 1) if metric is metrics.accuracy else (4, 1), np.float32)
    with (
        jax.numpy_rank_promotion('allow'),
        pytest.raises(ValueError, match='should not broadcast over each other'),
    ):
        metric().update(prediction, np.zeros(4, np.float32), np.ones(4, bool))


@pytest.mark.parametrize('streaming', [False, True])
def test_auc_of_a_nan_score_is_nan(streaming):
    scores = np.array([np.nan, 1, 2], np.float32)
    sums = metrics.auc(streaming=streaming).update(scores, np.array([1, 0, 0]), np.ones(3, bool))
    assert np.isnan(metrics.auc(streaming=streaming).result(sums))


def test_delta_m_of_negative_zero_and_missing_baselines():
    def change(value, base):
        return metrics.delta_m({'a': {'r2': value}}, {'a': {'r2': base}}, {'a': {'r2': True}})

    assert change(-0.5, -1.0)['delta_m_flat'] == pytest.approx(-50)
    assert np.isnan(change(0.5, 0.0)['delta_m_flat'])
    assert np.isnan(metrics.delta_m({'a': {}}, {'a': {}}, {'a': {}})['delta_m_task'])


def test_mean_iou_of_pixels():
    """Void pixels and pixels without a label count nowhere, nor does a class that is absent."""
    labels = np.array([[[0, 1], [1, 255]], [[2, 2], [2, 2]], [[-1, 0], [0, 1]]])
    actual = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 0]], [[1, 0], [3, 1]]])
    metric = metrics.mean_iou(5)
    logits = np.eye(5, dtype=np.float32)[actual]
    sums = metric.update(logits, labels, np.array([True, False, True]))
    expected = np.zeros((5, 5))
    expected[[0, 1, 1, 0, 0, 1], [0, 0, 1, 0, 3, 1]] = [2, 1, 2, 2, 1, 2]
    np.testing.assert_array_equal(sums['confusion'], expected)
    np.testing.assert_allclose(metric.result(sums), np.mean([2 / 4, 2 / 3, 0]), rtol=1e-6)
    pixels = metric.update(logits, labels, labels == 1)
    np.testing.assert_array_equal(pixels['confusion'], expected * (np.arange(5)[:, None] == 1))


def test_no_positive_is_nan():
    metric = metrics.f1()
    nothing = metric.update(-np.ones(3, np.float32), np.zeros(3), np.ones(3, bool))
    assert np.isnan(metric.result(nothing))
    empty = metrics.mean_iou(2).update(np.ones(3, np.float32), np.zeros(3), np.zeros(3, bool))
    assert np.isnan(metrics.mean_iou(2).result(empty))


@pytest.mark.parametrize(
    ('metric', 'prediction', 'match'),
    [
        (metrics.mean_iou(3), (4, 2), r'logits \(4, 3\)'),
        (metrics.mean_iou(3), (4,), r'Found \(4,\)'),
        (metrics.mean_iou(2), (4, 1), 'or one logit each'),
        (metrics.f1(), (4, 1), r'\(4, 1\) and target \(4,\)'),
    ],
)
def test_predictions_of_another_shape(metric, prediction, match):
    with pytest.raises(ValueError, match=match):
        metric.update(np.zeros(prediction, np.float32), np.zeros(4, int), np.ones(4, bool))


def test_one_class_has_no_mean():
    with pytest.raises(ValueError, match='classes should be a whole number >= 2'):
        metrics.mean_iou(1)


def test_auc_per_label():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(200, 3)), rng.integers(0, 2, size=(200, 3))
    scores += np.array([0.0, 5.0, -5.0])  # labels of other scales
    mask = rng.random((200, 3)) < 0.8
    metric = metrics.auc(per_label=True)
    found = metric.result(metric.update(scores, labels, mask))
    each = [sk.roc_auc_score(labels[m, i], scores[m, i]) for i, m in enumerate(mask.T)]
    assert found == pytest.approx(np.mean(each))
    labels[:, 2] = 1  # no negatives
    assert metric.result(metric.update(scores, labels, mask)) == pytest.approx(np.mean(each[:2]))
    scores[0, 0] = np.nan
    mask[0, 0] = True
    assert np.isnan(metric.result(metric.update(scores, labels, mask)))
    with pytest.raises(ValueError, match='streaming or per_label'):
        metrics.auc(streaming=True, per_label=True)
