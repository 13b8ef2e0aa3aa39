"""Pairs of MNIST images from idx files."""

import gzip

import numpy as np
import pytest

from mtljax import data, testing

PARTS = {'train': 40, 't10k': 20}


def idx(array, kind=8):
    sizes = b''.join(size.to_bytes(4, 'big') for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write(folder, *, tone=0, zipped=False):
    """Original i of a file is flat, of a brightness of its own; its class is i modulo 10."""
    folder.mkdir()
    for part, count in PARTS.items():
        first = 0 if part == 'train' else PARTS['train']
        shades = (tone + 2 * (first + np.arange(count)) + 1).astype(np.uint8)
        images = np.broadcast_to(shades[:, None, None], (count, 28, 28))
        content = {'images-idx3': idx(images), 'labels-idx1': idx(np.arange(count) % 10)}
        for name, bytes_ in content.items():
            path = folder / f'{part}-{name}-ubyte{".gz" * zipped}'
            path.write_bytes(gzip.compress(bytes_) if zipped else bytes_)
    return folder


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp('mnist')
    return {'mnist': write(root / 'a'), 'fashion': write(root / 'b', tone=125, zipped=True)}


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / 'idx')


def shades(split, left, right):
    """The originals at two corners of each image, as bytes."""
    bytes_ = np.rint(split.arrays.inputs * 255).astype(int)
    return bytes_[:, left, left], bytes_[:, right, right]


def splits(dataset):
    return dataset.train, dataset.validation, dataset.test


@pytest.mark.parametrize(
    ('kind', 'tones'), [('mnist', (0, 0)), ('fashion', (125, 125)), ('both', (0, 125))]
)
def test_the_recipe_of_sener(folders, kind, tones):
    dataset = data.multi_mnist(folders if kind == 'both' else folders[kind], kind=kind)
    assert [split.size for split in splits(dataset)] == [36, 4, 20]
    seen = []
    for split in splits(dataset):
        inputs, targets, mask, _ = split.arrays
        assert (inputs.shape[1:], inputs.dtype) == ((28, 28), np.float32)
        left, right = shades(split, 0, 25)
        originals = [(left - tones[0] - 1) // 2, (right - tones[1] - 1) // 2]
        assert len(set(originals[0])) == split.size  # each is the left one once
        seen.append(set(originals[0]) | set(originals[1]))
        for task, original in zip(('left', 'right'), originals, strict=True):
            np.testing.assert_array_equal(targets[task], original % 10)
            assert targets[task].dtype == np.int32
            assert mask[task].all()
        at = [(i * 36 + 18) // 28 for i in range(28)]
        for image, low, high in zip(inputs, left, right, strict=True):
            canvas = np.zeros((36, 36))
            canvas[:28, :28] = low
            canvas[6:34, 6:34] = np.maximum(canvas[6:34, 6:34], high)
            np.testing.assert_array_equal(np.rint(image * 255), canvas[at][:, at])
    assert seen[2] == set(range(40, 60))
    if kind != 'both':
        assert not seen[0] & seen[1]
        assert seen[0] | seen[1] <= set(range(40))


def test_the_recipe_of_pmtl(folders):
    dataset = data.multi_mnist(folders['mnist'], recipe='pmtl')
    testing.check_data(dataset)
    assert [split.size for split in splits(dataset)] == [72, 8, 40]
    places = set()
    for split in splits(dataset):
        inputs, targets, *_ = split.arrays
        assert inputs.shape[1:] == (36, 36)
        assert (targets['left'] != targets['right']).all()
        for image, *labels in zip(np.rint(inputs * 255), *targets.values(), strict=True):
            first = [np.flatnonzero(image.any(axis))[0] for axis in (1, 0)]
            last = [np.flatnonzero(image.any(axis))[-1] - 27 for axis in (1, 0)]
            assert max(first) <= 4 <= min(last)
            assert max(last) <= 8
            places.add((*first, *last))
            corners = [image[tuple(first)], image[last[0] + 27, last[1] + 27]]
            if first != last:
                assert [(shade - 1) // 2 % 10 for shade in corners] == labels
            canvas = np.zeros((2, 36, 36))
            for layer, shade, (y, x) in zip(canvas, corners, (first, last), strict=True):
                layer[y : y + 28, x : x + 28] = shade
            np.testing.assert_array_equal(image, canvas.max(0))
    assert len(places) > 60
    test = np.bincount(splits(dataset)[2].arrays.targets['left'])
    np.testing.assert_array_equal(test, 4)  # 20 originals, each the left one twice
    mixed = data.multi_mnist(folders, kind='both', recipe='pmtl', train=200).train.arrays.targets
    assert (mixed['left'] == mixed['right']).any()  # a class of digits and one of clothes


def test_sizes_and_seeds(folders):
    def made(**options):
        return data.multi_mnist(folders['mnist'], recipe='pmtl', **options)

    first, again, other = (made(train=90, test=5, seed=seed) for seed in (1, 1, 2))
    assert (first.train.size, first.test.size) == (90, 5)
    np.testing.assert_array_equal(first.train.arrays.inputs, again.train.arrays.inputs)
    assert (first.train.arrays.inputs != other.train.arrays.inputs).any()
    more = made(train=10, test=5, seed=1)
    np.testing.assert_array_equal(first.test.arrays.inputs, more.test.arrays.inputs)


@pytest.mark.parametrize(
    'options',
    [{'kind': 'digits'}, {'recipe': 'capsule'}, {'train': 0}, {'validation': 1.5}, {'seed': -1}],
)
def test_options_that_are_refused(folders, options):
    with pytest.raises(ValueError, match=f'{next(iter(options))} should be'):
        data.multi_mnist(folders['mnist'], **options)


def test_paths_that_are_refused(folders, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r'path should be .* or None'):
        data.multi_mnist(folders['mnist'], kind='both')
    with pytest.raises(ValueError, match="a folder for 'fashion'"):
        data.multi_mnist({'mnist': folders['mnist']}, kind='both')
    monkeypatch.setenv('MTLJAX_DATA', str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r'(?s)fashion_mnist/train.*fetch fashion'):
        data.multi_mnist(kind='fashion')
    write(tmp_path / 'mnist')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert data.multi_mnist('~/mnist').test.size == 20
    assert data.multi_mnist().test.size == 20


IMAGES = idx(np.ones((40, 28, 28)))


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('images-idx3', b'', 'should be an idx file.*Found 0 bytes'),
        ('images-idx3', idx(np.arange(40)), r'\[0, 0, 8, 1\] first'),
        ('images-idx3', idx(np.ones((40, 28, 28)), kind=13), r'\[0, 0, 13, 3\] first'),
        ('images-idx3', IMAGES[:10], 'Found 10 bytes'),
        ('images-idx3', IMAGES[:-1], 'Found an end in example 39: .*cut short'),
        ('images-idx3', IMAGES + b'x', 'Found 31361'),
        ('images-idx3', idx(np.ones((40, 8, 8))), r'28x28. Found \(8, 8\)'),
        ('labels-idx1', idx(np.zeros(39)), '40 images. Found 39'),
        ('labels-idx1', idx(np.zeros(0)), 'Found 0'),
        ('labels-idx1', idx(np.append(np.zeros(39), 11)), 'example 39.*Found 11'),
    ],
)
def test_files_that_are_refused(folder, name, content, message):
    path = folder / f'train-{name}-ubyte'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        data.multi_mnist(folder)
    assert str(path) in str(raised.value)


def test_what_cannot_be_unzipped(folder):
    path = folder / 'train-images-idx3-ubyte'
    content = gzip.compress(path.read_bytes())
    path.unlink()
    for broken in (content[:-20], b'no zip', content[:40] + bytes(60)):
        path.with_name(path.name + '.gz').write_bytes(broken)
        with pytest.raises(ValueError, match=r'ubyte\.gz cannot be unzipped'):
            data.multi_mnist(folder)


def test_a_missing_file(folder):
    (folder / 't10k-labels-idx1-ubyte').unlink()
    with pytest.raises(FileNotFoundError, match='t10k-labels-idx1-ubyte is missing'):
        data.multi_mnist(folder)


def test_partners_need_another_class(folder):
    (folder / 'train-labels-idx1-ubyte').write_bytes(idx(np.ones(40)))
    with pytest.raises(ValueError, match='two classes'):
        data.multi_mnist(folder, recipe='pmtl')
