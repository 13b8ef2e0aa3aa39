"""Scenes: targets are what the pixels show."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from mtljax import data
from mtljax.data._scenes import scenes
from mtljax.data._scenes.layout import DIGITS, draw_background, draw_digits, move
from mtljax.data._scenes.render import boxes, edges, flow, render, wall_depth
from tests.helpers import assert_same

SIZES = {'train': 100, 'validation': 3, 'test': 4}
NAMES = ['class', 'box', 'mask', 'depth', 'edges']
FARTHEST_DIGIT = 1.6 * 1.4 * 1.4


@pytest.fixture(scope='module')
def moving():
    return data.scenes(**SIZES, motion=True)


@pytest.fixture(scope='module')
def batch(moving):
    return moving.train.arrays


@pytest.fixture(scope='module')
def layout():
    images, labels = scenes._originals(np.random.default_rng(0))[0]
    rng = np.random.default_rng(1)
    return draw_digits(images, labels, 40, 48, rng), draw_background(images, 40, 48, rng)


def test_shapes_and_ranges(moving, batch):
    assert [moving.train.size, moving.validation.size, moving.test.size] == [100, 3, 4]
    assert list(moving.tasks) == [*NAMES, 'motion']
    assert batch.inputs.shape == (100, 48, 48, 2)
    assert batch.inputs.dtype == np.float32
    assert batch.inputs.min() >= 0
    assert 0.7 < batch.inputs.max() <= 1
    found = {task: (y.shape[1:], str(y.dtype)) for task, y in batch.targets.items()}
    assert found == {
        'class': ((), 'int32'),
        'box': ((4,), 'float32'),
        'mask': ((48, 48), 'int8'),
        'depth': ((48, 48), 'float32'),
        'edges': ((48, 48), 'int8'),
        'motion': ((48, 48, 2), 'float32'),
    }
    assert set(batch.targets['class']) == set(range(10))


def test_the_second_frame_changes_nothing_else(batch):
    still, again = (data.scenes(**SIZES) for _ in range(2))
    for name in SIZES:
        assert_same(getattr(still, name).arrays, getattr(again, name).arrays)
    np.testing.assert_array_equal(still.train.arrays.inputs, batch.inputs[..., 0])
    assert_same(still.train.arrays.targets, {name: batch.targets[name] for name in NAMES})
    other = data.scenes(**SIZES, seed=1).train.arrays
    assert (other.inputs != still.train.arrays.inputs).any()


def test_splits_are_made_of_different_originals():
    parts = [images for images, _ in scenes._originals(np.random.default_rng(5))]
    assert [len(part) for part in parts] == [1078, 359, 360]
    found = np.concatenate(parts).reshape(1797, 64) * 16
    every = load_digits().data
    np.testing.assert_array_equal(found[np.lexsort(found.T)], every[np.lexsort(every.T)])
    with pytest.MonkeyPatch.context() as patch:  # each split sees its own originals alone
        blank = [
            (np.full((5, 8, 8), v, np.float32), np.full(5, c)) for c, v in enumerate((1, 0, 1))
        ]
        patch.setattr(scenes, '_originals', lambda rng: blank)
        dataset = data.scenes(**SIZES)
    splits = [dataset.train.arrays, dataset.validation.arrays, dataset.test.arrays]
    assert [set(split.targets['class']) for split in splits] == [{0}, {1}, {2}]
    assert [split.targets['mask'].any() for split in splits] == [True, False, True]


def test_the_mask_and_the_box_follow_from_the_depth(batch):
    depth, mask = batch.targets['depth'], batch.targets['mask'].astype(bool)
    assert depth[mask].min() >= 1
    assert depth[mask].max() < FARTHEST_DIGIT
    assert depth[~mask].min() > 3.2
    assert depth[~mask].max() < 11.2
    for scene in range(100):
        y, x = np.nonzero(depth[scene] == depth[scene].min())  # the nearest digit
        left, right, top, bottom = x.min(), x.max() + 1, y.min(), y.max() + 1
        box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
        np.testing.assert_allclose(batch.targets['box'][scene] * 48, box, atol=1e-4)
        assert len(np.unique(depth[scene][mask[scene]])) <= 3


def test_edges_follow_from_the_depth(batch):
    surface = np.where(batch.targets['mask'], batch.targets['depth'], 0)
    padded = np.pad(surface, ((0, 0), (1, 1), (1, 1)), 'edge')
    expected = np.zeros(surface.shape, bool)
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        expected |= padded[:, down : down + 48, right : right + 48] != surface
    np.testing.assert_array_equal(batch.targets['edges'], expected)
    assert 0.03 < expected.mean() < 0.2


def test_digits_are_brighter_than_what_is_around_them(batch):
    image, mask = batch.inputs[..., 0], batch.targets['mask'].astype(bool)
    inner = mask & (batch.targets['edges'] == 0)
    outer = ~mask & (batch.targets['edges'] == 0)
    assert image[inner].mean() > image[outer].mean() + 0.3
    wrong = np.minimum((image > 0.4) != mask, batch.targets['edges'] == 0).mean()
    assert 0.001 < wrong < 0.05  # a threshold finds most pixels of a digit, and clutter


def test_nothing_covers_the_nearest_digit(layout):
    digits, background = layout
    _, surface = render(digits, background, 48)
    alone = digits._replace(present=np.arange(DIGITS) == np.full((40, 1), DIGITS - 1))
    nearest = render(alone, background, 48)[1] == DIGITS
    np.testing.assert_array_equal(surface == DIGITS, nearest)
    assert nearest.any((1, 2)).all()
    assert (np.diff(digits.depth) < 0).all()
    assert set(digits.present.sum(1)) == {1, 2, 3}
    assert digits.present[:, -1].all()
    hidden = (surface[..., None] == 1 + np.arange(DIGITS)).any((1, 2))
    assert not hidden[~digits.present].any()


def test_the_label_is_that_of_the_ink(layout):
    images, labels = load_digits(return_X_y=True)
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    digits, _ = layout
    for ink, label in zip(digits.ink[:, -1], digits.label[:, -1], strict=True):
        assert label_of[(ink * 16).astype(images.dtype).tobytes()] == label


def test_surfaces_move_by_their_vector(layout):
    digits, background = layout
    digits = digits._replace(
        ink=np.ones_like(digits.ink)
    )  # squares: no pixel mixes far from a border
    vectors = np.array([[2, -1], [-3, 2], [1, 3], [-2, -4]]) + np.zeros((40, 1, 1), int)
    before, surface = render(digits, background, 48)
    after, moved = render(*move(digits, background, vectors), 48)
    motion = flow(surface, vectors)
    scene, y, x = np.indices(surface.shape)
    there = y + motion[..., 1].astype(int), x + motion[..., 0].astype(int)
    inside = (np.minimum(*there) >= 0) & (np.maximum(*there) < 48)
    there = scene, *(np.clip(at, 0, 47) for at in there)
    seen = inside & (moved[there] == surface) & _inner(surface) & _inner(moved)[there]
    assert {k for k in range(DIGITS + 1) if seen[surface == k].any()} == {0, 1, 2, 3}
    np.testing.assert_allclose(after[there][seen], before[seen], atol=1e-5)
    assert np.abs(after - before)[seen].max() > 0.1  # standing still would not do


def _inner(surface):
    """Pixels whose neighbourhood of 5x5 shows one surface: others mix two."""
    padded = np.pad(surface, ((0, 0), (2, 2), (2, 2)), 'edge')
    shifts = [padded[:, i : i + 48, j : j + 48] == surface for i in range(5) for j in range(5)]
    return np.all(shifts, axis=0)


def test_motion_is_sub_pixel_and_within_bounds(batch):
    motion, mask = batch.targets['motion'], batch.targets['mask'].astype(bool)
    assert 1.3 < np.abs(motion[~mask]).max() <= 48 / 32
    assert 3 < np.abs(motion[mask]).max() <= 48 / 32 + 48 / 16
    assert (motion % 1 != 0).any()
    wall = motion[:, 0, 0]  # no digit reaches the corner
    np.testing.assert_array_equal(motion[~mask], np.repeat(wall, (~mask).sum((1, 2)), axis=0))


def test_the_inverse_depth_of_a_plane_is_affine(layout):
    _, background = layout
    inverse = 1 / wall_depth(background, 48)
    for axis in (1, 2):
        np.testing.assert_allclose(np.diff(inverse, n=2, axis=axis), 0, atol=1e-6)
    np.testing.assert_allclose(inverse.mean((1, 2)), background.plane[:, 0], rtol=1e-5)


def test_a_mask_by_hand():
    surface = np.zeros((1, 4, 5), np.int8)
    surface[0, 1:3, 2] = 3
    np.testing.assert_allclose(boxes(surface == 3)[0], [2.5 / 5, 2 / 4, 1 / 5, 2 / 4], rtol=1e-6)
    expected = [[0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(edges(surface)[0], expected)


@pytest.mark.parametrize('side', [32, 64])
def test_other_sizes(side):
    dataset = data.scenes(train=20, validation=1, test=1, side=side, tasks=('edges', 'box', 'mask'))
    assert list(dataset.tasks) == ['edges', 'box', 'mask']
    held = dataset.train.arrays
    assert held.inputs.shape == held.targets['mask'].shape == (20, side, side)
    rows = held.targets['mask'].any(2).sum(1) / side
    assert (rows >= held.targets['box'][:, 3] - 1e-6).all()


def test_heads_losses_and_metrics_fit(moving):
    example = moving.train.example
    features = jax.ShapeDtypeStruct((2, 12, 12, 8), jnp.float32)
    for name, task in moving.tasks.items():

        def judge(key, x, target, mask, task=task):
            prediction, _ = task.head.apply(*task.head.init(key, x), x)
            sums = [metric.update(prediction, target, mask) for metric in task.metrics.values()]
            return task.loss(prediction, target), sums

        target, mask = example.targets[name], example.mask[name]
        loss, _ = jax.eval_shape(judge, jax.random.key(0), features, target, mask)
        assert loss.shape == (target.shape[:1] if name == 'box' else target.shape)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'train': 0}, 'train should be a whole number >= 1. Found train = 0'),
        ({'validation': 1.5}, 'validation should be a whole number >= 1'),
        ({'test': -1}, 'test should be a whole number >= 1'),
        ({'side': 31}, 'side should be a whole number >= 32. Found side = 31'),
        ({'tasks': ()}, r'tasks should be some of .* each once. Found tasks = \(\)'),
        ({'tasks': ('mask', 'mask')}, 'each once'),
        ({'tasks': ['class', 'boxes']}, r"Found tasks = \('class', 'boxes'\)"),
        ({'tasks': ('motion',)}, "Found tasks = .*'motion',.* with motion = False"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        data.scenes(**options)
