"""Streets in folders of arrays."""

import shutil

import numpy as np
import pytest

from mtljax import data, testing

SHAPE = (8, 12)


@pytest.fixture
def root(tmp_path):
    for part, count in (('train', 10), ('val', 2)):
        for kind in ('image', 'label', 'depth'):
            (tmp_path / part / kind).mkdir(parents=True)
        for number in range(count):
            values = np.arange(96).reshape(SHAPE) + number + 10 * (part == 'val')
            image = np.stack([values / 200] * 3, axis=-1).astype(np.float32)
            depth = abs(values[..., None] / 64 - 1)
            arrays = {'image': image, 'label': values % 8 - 1, 'depth': depth}
            for kind, array in arrays.items():
                np.save(tmp_path / part / kind / f'{number}.npy', array)
    return tmp_path


def test_values(root):
    dataset = data.cityscapes(root, validation=0.2)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['segmentation', 'depth']
    assert [dataset.train.size, dataset.validation.size, dataset.test.size] == [8, 2, 2]
    inputs, targets, mask, _ = dataset.test.take(np.array([1]))
    values = (np.arange(96).reshape(SHAPE) + 11)[None]
    np.testing.assert_allclose(inputs, np.stack([values / 200] * 3, axis=-1), rtol=1e-6)
    np.testing.assert_array_equal(targets['segmentation'], np.maximum(values % 8 - 1, 0))
    np.testing.assert_array_equal(mask['segmentation'], values % 8 > 0)
    np.testing.assert_array_equal(targets['depth'], np.float32(abs(values / 64 - 1)))
    np.testing.assert_array_equal(mask['depth'], values != 64)


def test_the_folder_of_seven_classes(root):
    for part in ('train', 'val'):
        (root / part / 'label').rename(root / part / 'label_7')
    assert data.cityscapes(root).test.example.mask['segmentation'].any()


@pytest.mark.parametrize('depth', [-0.1, np.nan])
def test_depths_that_are_refused(root, depth):
    np.save(root / 'val/depth/0.npy', np.full((*SHAPE, 1), depth))
    with pytest.raises(
        ValueError, match=r'val/depth/0\.npy should hold (numbers >= 0|finite numbers)'
    ):
        data.cityscapes(root).test.take(np.array([0]))


def test_labels_of_other_classes(root):
    np.save(root / 'val/label/0.npy', np.full(SHAPE, 7))
    dataset = data.cityscapes(root)
    with pytest.raises(ValueError, match=r'val/label/0.npy should hold classes 0 to 6.*Found 7'):
        dataset.test.take(np.array([0]))


def test_missing_and_empty_folders(root):
    shutil.rmtree(root / 'val/label')
    with pytest.raises(FileNotFoundError, match=r'(?s)val/label is missing.*label_7'):
        data.cityscapes(root)
    (root / 'val/label').mkdir()
    with pytest.raises(ValueError, match=r'val/label should hold .* Found an empty folder'):
        data.cityscapes(root)
