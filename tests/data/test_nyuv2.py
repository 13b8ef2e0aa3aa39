"""Indoor scenes in folders of arrays, and their augmentation against plain NumPy."""

import functools
import io
import shutil

import jax
import numpy as np
import pytest

from mtljax import data, losses, testing
from tests.helpers import assert_same

HEIGHT, WIDTH = 9, 12
COUNTS = {'train': 10, 'val': 3}
SCALES = (1.0, 1.2, 1.5)


def scene(rng):
    """Every kind of a scene; image channels 0 and 1 hold the coordinates."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    normal = rng.normal(size=(HEIGHT, WIDTH, 3))
    normal[rng.random((HEIGHT, WIDTH)) < 0.3] = 0
    normal[0, 0] = 1, -1, 0  # a direction, though it adds up to 0
    depth = rng.uniform(1, 9, size=(HEIGHT, WIDTH, 1))
    depth[rng.random((HEIGHT, WIDTH)) < 0.3] = 0
    image = np.stack([y, x, rng.random((HEIGHT, WIDTH))], axis=-1)
    label = rng.integers(-1, 13, size=(HEIGHT, WIDTH))
    return {'image': image, 'label': np.float32(label), 'depth': depth, 'normal': normal}


def write(root, seed=0):
    rng = np.random.default_rng(seed)
    written = {}
    for part, count in COUNTS.items():
        for number in range(count):
            written[part, number] = scene(rng)
            for kind, array in written[part, number].items():
                path = root / part / kind / f'{number}.npy'
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, array)
    return written


@pytest.fixture(scope='module')
def stored(tmp_path_factory):
    root = tmp_path_factory.mktemp('nyuv2')
    return root, write(root)


@pytest.fixture
def root(stored, tmp_path):
    return shutil.copytree(stored[0], tmp_path / 'copy')


def test_values(stored):
    path, written = stored
    dataset = data.nyuv2(path)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['segmentation', 'depth', 'normal']
    inputs, targets, mask, _ = dataset.test.take(np.array([2, 0]))
    assert targets['segmentation'].dtype == np.int32
    for row, number in enumerate((2, 0)):
        true = written['val', number]
        np.testing.assert_array_equal(inputs[row], np.float32(true['image']))
        label = true['label']
        np.testing.assert_array_equal(targets['segmentation'][row], np.maximum(label, 0))
        np.testing.assert_array_equal(mask['segmentation'][row], label >= 0)
        np.testing.assert_array_equal(targets['depth'][row], np.float32(true['depth'])[..., 0])
        np.testing.assert_array_equal(mask['depth'][row], true['depth'][..., 0] > 0)
        np.testing.assert_array_equal(targets['normal'][row], np.float32(true['normal']))
        np.testing.assert_array_equal(mask['normal'][row], (true['normal'] != 0).any(-1))
        assert mask['normal'][row, 0, 0]


def test_losses_and_metrics(stored):
    dataset = data.nyuv2(stored[0])
    _, targets, mask, _ = dataset.test.example
    prediction = np.float32(np.random.default_rng(0).normal(size=targets['normal'].shape))
    prediction[:, :2] = 0  # directions that nobody knows
    normal = dataset.tasks['normal']
    loss, gradient = jax.jit(jax.value_and_grad(lambda y: _total(normal, y, targets, mask)))(
        prediction
    )
    a, b = (x[mask['normal']].astype(float) for x in (prediction, targets['normal']))
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = (a * b).sum(-1) / np.where(lengths > 0, lengths, 1)
    np.testing.assert_allclose(loss, (1 - cosine).sum(), rtol=1e-5)
    assert np.isfinite(gradient).all()
    features = jax.ShapeDtypeStruct((2, 3, 4, 5), np.float32)
    for name, task in dataset.tasks.items():
        params = jax.eval_shape(task.head.init, jax.random.key(0), features)
        found, _ = jax.eval_shape(task.head.apply, *params, features)
        assert found.shape[:3] == jax.eval_shape(task.loss, found, targets[name]).shape
        for metric in task.metrics.values():
            jax.eval_shape(metric.update, found, targets[name], mask[name])


def _total(task, prediction, targets, mask):
    return losses.masked_sum(task.loss(prediction, targets['normal']), mask['normal'])


def test_splits(stored):
    path, written = stored

    def numbers(split):
        """Which training scenes: by a pixel of their third channel."""
        values = {np.float32(written['train', n]['image'])[0, 0, 2]: n for n in range(10)}
        return [values[value] for value in split.take(np.arange(split.size)).inputs[:, 0, 0, 2]]

    dataset, again, other = (data.nyuv2(path, validation=0.3, seed=seed) for seed in (0, 0, 1))
    assert [dataset.train.size, dataset.validation.size, dataset.test.size] == [7, 3, 3]
    train, held = numbers(dataset.train), numbers(dataset.validation)
    assert sorted(train + held) == list(range(10))
    assert held == numbers(again.validation) != numbers(other.validation)
    assert data.nyuv2(path).validation.size == 1
    assert data.nyuv2(path, validation=1 / 10).train.size == 9


@pytest.mark.parametrize('validation', [0, 1, -0.1, 0.01, 0.99])
def test_validation_is_never_the_test_split(stored, validation):
    with pytest.raises(ValueError, match=f'validation = {validation}'):
        data.nyuv2(stored[0], validation=validation)


def test_missing_files(root):
    (root / 'val/depth/1.npy').unlink()
    with pytest.raises(FileNotFoundError, match=r'val/depth should hold 0.npy to 2.npy.*: 1.npy'):
        data.nyuv2(root)
    shutil.rmtree(root / 'train/normal')
    with pytest.raises(
        FileNotFoundError, match=r'(?s)train/normal is missing.*val/normal.*lorenmt'
    ):
        data.nyuv2(root)


@pytest.mark.parametrize('name', ['a.npy', '01.npy', '3.png', '-1.npy'])
def test_misnamed_files(root, name):
    shutil.copy(root / 'train/image/0.npy', root / 'train/image' / name)
    with pytest.raises(ValueError, match=f'train/image/{name} should have the name of a number'):
        data.nyuv2(root)


def test_an_empty_folder(root):
    for path in (root / 'val/label').iterdir():
        path.unlink()
    (root / 'val/label/.DS_Store').touch()
    with pytest.raises(ValueError, match=r'val/label should hold .* Found an empty folder'):
        data.nyuv2(root)


def stored_bytes(array, save=np.save):
    file = io.BytesIO()
    save(file, array)
    return file.getvalue()


LABEL = np.zeros((HEIGHT, WIDTH))


@pytest.mark.parametrize(
    ('kind', 'content', 'message'),
    [
        ('image', b'', 'a whole .npy file'),
        ('image', stored_bytes(np.zeros((HEIGHT, WIDTH, 3)))[:-8], 'a whole .npy file'),
        ('image', stored_bytes(np.array([print])), 'a whole .npy file. Found: objects of'),
        ('image', stored_bytes(LABEL, np.savez), 'a whole .npy file'),
        ('image', stored_bytes(np.zeros((WIDTH, HEIGHT, 3))), r'\(9, 12, 3\).*\[12, 9, 3\]'),
        ('image', stored_bytes(np.zeros((HEIGHT, WIDTH, 3), int)), 'floats.*Found int64'),
        ('image', stored_bytes(np.full((HEIGHT, WIDTH, 3), np.nan)), 'not finite'),
        ('label', stored_bytes(LABEL + 13), '0 to 12.*Found 13.0'),
        ('label', stored_bytes(LABEL + 0.5), 'Found 0.5'),
        ('label', stored_bytes(LABEL * np.nan), 'Found nan'),
        ('label', stored_bytes(LABEL[..., None]), r'Found float64\[9, 12, 1\]'),
        ('depth', stored_bytes(LABEL), r'\(9, 12, 1\)'),
        ('depth', stored_bytes(np.full((HEIGHT, WIDTH, 1), -1.0)), 'numbers >= 0. Found -1'),
        ('depth', stored_bytes(np.full((HEIGHT, WIDTH, 1), np.inf)), 'not finite'),
        ('normal', stored_bytes(np.zeros((HEIGHT, WIDTH, 2))), r'\(9, 12, 3\)'),
    ],
)
def test_files_that_are_refused(root, kind, content, message):
    dataset = data.nyuv2(root)
    path = root / 'val' / kind / '1.npy'
    path.write_bytes(content)
    dataset.test.take(np.array([0, 2]))
    with pytest.raises(ValueError, match=message) as raised:
        dataset.test.take(np.array([0, 1]))
    assert str(path) in str(raised.value)


def test_the_first_image_is_no_image(root):
    np.save(root / 'train/image/0.npy', LABEL)
    with pytest.raises(ValueError, match=r'image/0.npy should be an image'):
        data.nyuv2(root)


def draws(image):
    """Scale, corner and mirroring of an augmented scene, from the coordinates in its image."""
    (top, left), (bottom, right) = image[0, 0, :2], image[-1, -1, :2]
    sizes = {(int(HEIGHT / s), int(WIDTH / s)): s for s in SCALES}
    size = round(bottom - top) + 1, round(abs(right - left)) + 1
    return sizes[size], round(top), round(min(left, right)), bool(right < left)


def crop(array, size, top, left, flip, *, smooth):
    """One pixel at a time."""
    height, width = size
    found = np.zeros(array.shape)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            if smooth:
                at = y * (height - 1) / (HEIGHT - 1), x * (width - 1) / (WIDTH - 1)
                for near_y in range(height):
                    for near_x in range(width):
                        weight = max(1 - abs(at[0] - near_y), 0) * max(1 - abs(at[1] - near_x), 0)
                        found[y, x] += weight * array[top + near_y, left + near_x]
            else:
                found[y, x] = array[top + y * height // HEIGHT, left + x * width // WIDTH]
    return found[:, ::-1] if flip else found


@functools.partial(jax.jit, static_argnames=('scales', 'inverse_depth'))
def augment(key, batch, **options):
    return data.augment_scenes(**options)(key, batch)


@pytest.fixture(scope='module')
def augmented(stored):
    """36 scenes, and what became of them."""
    batch = data.nyuv2(stored[0]).train.take(np.arange(9).repeat(4))
    return batch, jax.device_get(augment(jax.random.key(0), batch))


def rows_of(batch, rows):
    return jax.tree.map(lambda leaf: leaf[rows], batch)


def test_augmentation_against_plain_loops(augmented):
    seen = set()
    for row in range(0, 36, 2):
        before, after = (rows_of(batch, row) for batch in augmented)
        scale, *place, flip = draws(after.inputs)
        size = int(HEIGHT / scale), int(WIDTH / scale)
        seen |= {('scale', scale), ('flip', flip), ('place', *place)}

        def cut(array, smooth=False, where=(size, *place, flip)):
            return crop(array, *where, smooth=smooth)

        close = {'rtol': 1e-4, 'atol': 1e-4}
        np.testing.assert_allclose(after.inputs, cut(before.inputs, smooth=True), **close)
        for task in ('segmentation', 'depth'):
            np.testing.assert_array_equal(after.mask[task], cut(before.mask[task]) > 0)
        label = cut(before.targets['segmentation'])
        np.testing.assert_array_equal(after.targets['segmentation'], label)
        depth = cut(before.targets['depth']) / scale
        np.testing.assert_allclose(after.targets['depth'], depth, rtol=1e-6)
        normal = cut(before.targets['normal'], smooth=True) * ([-1, 1, 1] if flip else 1)
        np.testing.assert_allclose(after.targets['normal'], normal, **close)
        known = cut(1.0 * before.mask['normal'], smooth=True)
        sure = (known < 1e-9) | (known > 1e-3)  # rounding of the weights leaves some in doubt
        np.testing.assert_array_equal(after.mask['normal'][sure], known[sure] > 0)
    assert len({draw for draw in seen if draw[0] != 'place'}) == 5
    assert len(seen) > 10
    shapes = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), batch) for batch in augmented]
    assert shapes[0] == shapes[1]


def test_augmentation_at_scale_1_is_exact(augmented):
    batch, after = augmented
    whole = np.array([draws(image)[0] == 1 for image in after.inputs])
    flipped = after.inputs[:, 0, 0, 1] > after.inputs[:, -1, -1, 1]
    mirrored = jax.tree.map(lambda leaf: leaf[:, :, ::-1], batch)
    mirrored.targets['normal'] = mirrored.targets['normal'] * np.float32([-1, 1, 1])
    for same, rows in ((batch, whole & ~flipped), (mirrored, whole & flipped)):
        assert rows.any()
        assert_same(rows_of(after, rows), rows_of(same, rows))


def test_augmentation_of_inverse_depth_and_of_scarce_labels(augmented):
    batch, plain = augmented
    labelled = np.arange(36) % 2 > 0
    batch = batch._replace(mask=batch.mask | {'normal': labelled, 'depth': labelled})
    found = jax.device_get(augment(jax.random.key(0), batch, inverse_depth=True))
    scales = np.array([draws(image)[0] for image in found.inputs])[:, None, None]
    np.testing.assert_allclose(
        found.targets['depth'], plain.targets['depth'] * scales**2, rtol=1e-6
    )
    for task in ('normal', 'depth'):
        np.testing.assert_array_equal(found.mask[task], labelled)
    assert not found.targets['normal'][~labelled].any()


def test_augmentation_that_is_refused(stored):
    batch = data.nyuv2(stored[0]).train.example
    for scales in ((0.9, 1), ()):
        with pytest.raises(ValueError, match=r'Found.*scales = '):
            data.augment_scenes(scales=scales)
    batch = batch._replace(targets={'edges': batch.targets['depth']})
    with pytest.raises(ValueError, match='edges'):
        data.augment_scenes()(jax.random.key(0), batch)
