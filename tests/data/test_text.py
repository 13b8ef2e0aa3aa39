"""Words, marks and capitals of a text."""

import gzip

import jax
import numpy as np
import pytest

from mtljax import data, testing
from tests.helpers import assert_same

# Ten words a sentence, so that the splits of 10 x 10 sentences fall on their ends.
SENTENCE = 'The cat (who "slept")... wasn’t 3.5 metres AWAY; "Was Épée?" {end}!\n'  # noqa: RUF001
WORDS = ['the', 'cat', 'who', 'slept', "wasn't", '3.5', 'metres', 'away', 'was', 'épée']
MARKS = [0, 0, 0, 1, 0, 0, 0, 3, 0, 5]
CAPITALS = [1, 0, 0, 0, 0, -1, 0, 1, 1, 1]


def write(path, sentences=20, end=''):
    path.write_text(''.join(SENTENCE.format(end=end) for _ in range(sentences)), encoding='utf-8')
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / 'a.txt')


def splits(dataset):
    return [split.arrays for split in (dataset.train, dataset.validation, dataset.test)]


@pytest.mark.parametrize('length', [5, 7])
def test_values(path, length):
    dataset = data.text(path, length=length)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['next_word', 'punctuation', 'capital']
    assert dataset.inputs == {'vocabulary': 11, 'max_length': length, 'causal': True}
    for (inputs, targets, mask, _), count in zip(splits(dataset), (160, 20, 20), strict=True):
        rows = (count - 1) // length
        assert inputs.shape == (rows, length)
        assert inputs.dtype == np.int32
        at = np.arange(rows * length).reshape(rows, length)
        np.testing.assert_array_equal(inputs, at % 10 + 1)  # in the order in which they come
        np.testing.assert_array_equal(targets['next_word'], (at + 1) % 10 + 1)
        np.testing.assert_array_equal(targets['punctuation'], np.array(MARKS)[at % 10])
        capitals = np.array(CAPITALS)[at % 10]
        np.testing.assert_array_equal(mask['capital'], capitals >= 0)
        np.testing.assert_array_equal(targets['capital'], np.maximum(capitals, 0))
        assert mask['next_word'].all()
        assert mask['punctuation'].all()


def test_the_vocabulary_is_that_of_training(tmp_path):
    text = 'b a b. ' * 32 + 'c a b, ' * 4 + 'b d a; ' * 4
    (tmp_path / 'a.txt').write_text(text)
    dataset = data.text(tmp_path / 'a.txt', length=3)
    assert dataset.inputs['vocabulary'] == 3
    train, validation, test = splits(dataset)
    np.testing.assert_array_equal(train.inputs[0], [1, 2, 1])
    np.testing.assert_array_equal(validation.inputs[0], [0, 2, 1])
    np.testing.assert_array_equal(validation.mask['next_word'], [[True, True, False]] * 3)
    np.testing.assert_array_equal(test.inputs[0], [1, 0, 2])
    np.testing.assert_array_equal(test.mask['next_word'][0], [False, True, True])
    small = data.text(tmp_path / 'a.txt', length=3, vocabulary=1)
    assert small.inputs['vocabulary'] == 2
    np.testing.assert_array_equal(splits(small)[0].inputs[0], [1, 0, 1])
    np.testing.assert_array_equal(splits(small)[0].mask['next_word'][0], [False, True, True])


def test_every_mark(tmp_path):
    sentence = 'a. b, c; d: e? f! g - h\n\ni '
    (tmp_path / 'a.txt').write_text(sentence * 20)
    targets = data.text(tmp_path / 'a.txt', length=9).train.arrays.targets
    np.testing.assert_array_equal(targets['punctuation'][0], [1, 2, 3, 4, 5, 6, 0, 0, 0])


def test_heads_losses_and_metrics_fit(path):
    dataset = data.text(path, length=4)
    batch = dataset.train.example
    features = jax.ShapeDtypeStruct((2, 4, 6), np.float32)

    def judged(task):
        head = dataset.tasks[task].head
        prediction = head.apply(*head.init(jax.random.key(0), features), np.ones((2, 4, 6)))[0]
        metric = next(iter(dataset.tasks[task].metrics.values()))
        loss = dataset.tasks[task].loss(prediction, batch.targets[task])
        metric.result(metric.update(prediction, batch.targets[task], batch.mask[task]))
        return prediction, loss

    shapes = {task: jax.eval_shape(lambda task=task: judged(task)) for task in dataset.tasks}
    assert [prediction.shape[2:] for prediction, _ in shapes.values()] == [(11,), (7,), ()]
    assert {loss.shape for _, loss in shapes.values()} == {(2, 4)}


def test_a_mark_of_byte_order(path):
    plain = data.text(path, length=5)
    path.write_text('\ufeff' + path.read_text(encoding='utf-8'), encoding='utf-8')
    assert_same(data.text(path, length=5).train.arrays, plain.train.arrays)


def test_gzip(path, tmp_path):
    plain = data.text(path, length=5).train.arrays.inputs
    path.with_name('a.txt.gz').write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    np.testing.assert_array_equal(data.text(path, length=5).train.arrays.inputs, plain)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'should hold text. Found an empty file'),
        (b' \n\t', 'should hold text. Found an empty file'),
        (b'caf\xe9 noir', 'after line 0: .*position 3'),
        (b'one\ntwo \0 three', 'line 2: .* Found a zero byte'),
        (b'one two three. ' * 10, 'length = 32.*Found 30 words'),
    ],
)
def test_files_that_are_refused(tmp_path, content, message):
    path = tmp_path / 'a.txt'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        data.text(path)
    assert str(path) in str(raised.value)


def test_paths_that_are_refused(path, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'b\.txt is missing'):
        data.text(tmp_path / 'b.txt')
    with pytest.raises(ValueError, match='Found a folder'):
        data.text(tmp_path)
    cut = tmp_path / 'c.txt.gz'
    cut.write_bytes(gzip.compress(path.read_bytes())[:-9])
    with pytest.raises(ValueError, match=r'c\.txt\.gz'):
        data.text(cut)


@pytest.mark.parametrize('options', [{'length': 0}, {'vocabulary': 0}, {'length': 1.5}])
def test_options_that_are_refused(path, options):
    with pytest.raises(ValueError, match=f'{next(iter(options))} should be'):
        data.text(path, **options)
