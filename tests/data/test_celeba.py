"""Faces in files, listed with their attributes."""

import numpy as np
import pytest
from PIL import Image

from mtljax import data, testing

TASKS = ['Smiling', 'Bald', 'Male']
PARTS = [0, 1, 0, 2, 0, 2]
LABELS = np.array([[n >> task & 1 for task in range(3)] for n in range(6)])
NAMES = [f'{n:06}.jpg' for n in range(6)]


def attributes(labels=LABELS, count=6, names=NAMES):
    rows = [' '.join(f'{2 * value - 1:2}' for value in row) for row in labels]
    lines = [f'{name} {row}' for name, row in zip(names, rows, strict=True)]
    return '\n'.join([str(count), ' '.join(TASKS) + ' ', *lines]) + '\n'


def partition(parts=PARTS, names=NAMES):
    return ''.join(f'{name} {part}\n' for name, part in zip(names, parts, strict=True))


def picture(number):
    pixels = np.zeros((12, 8, 3), np.uint8)
    pixels[:6] = 40 * number
    pixels[..., 2] = 200
    return pixels


def write(root, kind):
    folder = root / f'Img/img_align_celeba{"_png" * (kind == "png")}'
    for path in (folder, root / 'Anno', root / 'Eval'):
        path.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        file = folder / name.replace('jpg', kind)
        Image.fromarray(picture(number)).save(file, quality=95)
    (root / 'Anno/list_attr_celeba.txt').write_text(attributes())
    (root / 'Eval/list_eval_partition.txt').write_text(partition())
    return root


@pytest.fixture
def root(tmp_path):
    return write(tmp_path, 'jpg')


@pytest.mark.parametrize('kind', ['jpg', 'png'])
def test_values(tmp_path, kind):
    dataset = data.celeba(write(tmp_path, kind), size=4)
    testing.check_data(dataset)
    assert list(dataset.tasks) == TASKS
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [3, 1, 2]
    for split, part in zip(splits, range(3), strict=True):
        inputs, targets, mask, _ = split.take(np.arange(split.size))
        numbers = np.flatnonzero(np.array(PARTS) == part)
        assert (inputs.shape, inputs.dtype) == ((len(numbers), 4, 4, 3), np.float32)
        for image, number in zip(inputs, numbers, strict=True):
            close = {'atol': 1e-6 if kind == 'png' else 0.04}
            np.testing.assert_allclose(image[0, :, :2], 40 * number / 255, **close)
            np.testing.assert_allclose(image[..., 2], 200 / 255, **close)
            np.testing.assert_allclose(image[-1, :, :2], 0, **close)
        for index, task in enumerate(TASKS):
            np.testing.assert_array_equal(targets[task], LABELS[numbers, index])
            assert targets[task].dtype == np.int32
            assert mask[task].dtype == bool
            assert mask[task].all()


@pytest.mark.parametrize('name', ['Anno/list_attr_celeba.txt', 'Eval/list_eval_partition.txt'])
def test_missing_lists(root, name):
    (root / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf'(?s){name} is missing.*Img.*mmlab'):
        data.celeba(root)


def test_missing_images(root):
    (root / 'Img/img_align_celeba/000003.jpg').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 of 6 are missing.*000003\.jpg'):
        data.celeba(root)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'should list images'),
        (' \n', 'should list images'),
        ('\xff', 'after line 0'),
        (partition(), "begin with the number of images.*Found '000000.jpg 0'"),
        ('6\n', 'line of different attributes'),
        ('6\na b a\n', "'a b a'"),
        (attributes(count=7), 'should list 7 images. Found 6'),
        (attributes().rstrip()[:-2], 'line 8.*3 times.*Found 2 values'),
        (attributes(LABELS * 2), r'line 4.*-1.*3'),
        (attributes().replace('-1', 'x', 1), 'line 3.*x'),
        (
            attributes(names=['/a.jpg', *NAMES[1:]]),
            "line 3: the path should lie .*Found '/a.jpg'",
        ),
        (
            attributes(names=[NAMES[0], '../a.jpg', *NAMES[2:]]),
            'line 4: the path should lie',
        ),
    ],
)
def test_attributes_that_are_refused(root, content, message):
    path = root / 'Anno/list_attr_celeba.txt'
    path.write_text(content, encoding='latin-1')
    with pytest.raises(ValueError, match=message) as raised:
        data.celeba(root)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'should list images'),
        (partition([0, 1, 0, 3, 0, 2]), "line 4.*Found '000003.jpg 3'"),
        (partition().replace(' 1', ''), "line 2.*Found '000001.jpg'"),
        (partition() + '000001.jpg 1\n', "line 7.*Found '000001.jpg 1'"),
        (partition(PARTS[:4], NAMES[:4]), '6 images.*Found 4 names, and 2 of the images'),
        (partition([0, 1, 0, 1, 0, 1]), 'so that no split is empty. Found'),
    ],
)
def test_partitions_that_are_refused(root, content, message):
    path = root / 'Eval/list_eval_partition.txt'
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as raised:
        data.celeba(root)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize('kind', ['jpg', 'png'])
@pytest.mark.parametrize('share', [0, 0.02, 0.6])
def test_images_that_are_refused(tmp_path, kind, share):
    dataset = data.celeba(write(tmp_path, kind), size=4)
    (path,) = tmp_path.glob(f'Img/*/000003.{kind}')
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match='should be a whole JPEG or PNG') as raised:
        dataset.test.take(np.array([1, 0]))
    assert str(path) in str(raised.value)


def test_sizes_that_are_refused(root):
    with pytest.raises(ValueError, match='size should be'):
        data.celeba(root, size=0)
