"""Images of several domains, one a task."""

import jax
import numpy as np
import pytest
from PIL import Image

from mtljax import data, sharing, testing
from mtljax.backbones import mlp

COUNTS = {'web': (5, 1, 3), 'art': (3, 2, 2)}
PARTS = ('train', 'val', 'test')


def shade(domain, part, number):
    return 100 * list(COUNTS).index(domain) + 30 * PARTS.index(part) + 5 * number


@pytest.fixture
def root(tmp_path):
    for domain, counts in COUNTS.items():
        (tmp_path / domain / 'a b').mkdir(parents=True)
        for part, count in zip(PARTS, counts, strict=True):
            lines = []
            for number in range(count):
                name = f'{domain}/a b/{part}{number}.png'
                pixels = np.full((7, 5, 3), shade(domain, part, number), np.uint8)
                Image.fromarray(pixels).save(tmp_path / name)
                lines.append(f'{name} {(number + 1) % 4}\n')
            (tmp_path / f'{domain}_{part}.txt').write_text(''.join(lines))
    return tmp_path


def made(root, **options):
    return data.office(root, domains=tuple(COUNTS), **{'size': 3} | options)


def test_values(root):
    dataset = made(root)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['web', 'art']
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [5, 2, 3]
    for split, part, at in zip(splits, PARTS, range(3), strict=True):
        rows = np.arange(split.size)
        batch = split.take(rows)
        for domain, counts in COUNTS.items():
            known = (rows < counts[at]) | (part == 'train')
            numbers = rows % counts[at]
            shades = np.where(known, shade(domain, part, numbers), 0) / 255
            inputs = batch.inputs[domain]
            assert (inputs.shape, inputs.dtype) == ((split.size, 3, 3, 3), np.float32)
            np.testing.assert_allclose(inputs, shades[:, None, None, None] * np.ones((1, 3, 3, 3)))
            labels = np.where(known, (numbers + 1) % 4, 0)
            np.testing.assert_array_equal(batch.targets[domain], labels)
            assert batch.targets[domain].dtype == np.int32
            np.testing.assert_array_equal(batch.mask[domain], known)


def test_a_model_of_several_inputs_reads_it(root):
    dataset = made(root)
    model = sharing.multi_input(sharing.hard(mlp((4,)), dataset.heads))
    batch = dataset.train.example

    def predicted():
        return model.apply(*model.init(jax.random.key(0), batch.inputs), batch.inputs)[0]

    shapes = jax.eval_shape(predicted)
    assert {task: y.shape for task, y in shapes.items()} == {'web': (2, 4), 'art': (2, 4)}


def test_lists_may_lie_elsewhere(root, tmp_path):
    lists = tmp_path / 'lists'
    lists.mkdir()
    for path in root.glob('*.txt'):
        path.rename(lists / path.name)
    assert made(root, lists=lists).train.size == 5
    with pytest.raises(FileNotFoundError, match=r'(?s)web_train.txt is missing.*art_test.*LibMTL'):
        made(root)


def test_one_domain_and_a_home(root, monkeypatch):
    monkeypatch.setenv('HOME', str(root))
    dataset = data.office('~', domains='art', lists='~', size=3)
    assert list(dataset.tasks) == ['art']
    assert dataset.train.size == 3


def test_missing_images(root):
    (root / 'art/a b/val1.png').unlink()
    with pytest.raises(
        FileNotFoundError, match=r'art_val.txt should name.*1 of 2.*art/a b/val1\.png'
    ):
        made(root)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('web_train', '', 'should list images'),
        ('web_val', 'web/a b/val0.png\n', "line 1.*Found 'web/a b/val0.png'"),
        ('web_val', '\nweb/a b/val0.png -1\n', "line 2.*Found 'web/a b/val0.png -1'"),
        ('web_val', '3\n', "line 1.*Found '3'"),
        (
            'web_val',
            '../web/a b/val0.png 1\n',
            "line 1: the path should lie .*Found '../web",
        ),
        ('web_val', 'web/../a b/val0.png 1\n', 'line 1: the path should lie'),
        ('web_val', '/etc/hostname 1\n', "line 1: the path should lie .*'/etc/hostname'"),
        ('art_test', 'art/a b/test0.png 4\n', 'labels up to 3, .* Found 4 for .*test0.png'),
    ],
)
def test_lists_that_are_refused(root, name, content, message):
    path = root / f'{name}.txt'
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as raised:
        made(root)
    assert str(path) in str(raised.value)


def test_images_that_are_refused(root):
    path = root / 'web/a b/test1.png'
    path.write_bytes(b'text')
    with pytest.raises(ValueError, match='should be a whole JPEG or PNG') as raised:
        made(root).test.take(np.array([1]))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize('options', [{'domains': ()}, {'domains': ('a', 'a')}, {'size': 0}])
def test_options_that_are_refused(root, options):
    with pytest.raises(ValueError, match=f'{next(iter(options))} should be'):
        data.office(root, **options)
