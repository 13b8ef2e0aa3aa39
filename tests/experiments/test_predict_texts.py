"""Runs on texts answer for new texts, and runs on stored features for the original inputs."""

import csv

import jax
import numpy as np
import pandas
import pytest

import mtljax
from experiments.predict import arrays, texts
from experiments.predict.request import Request
from mtljax import answers, build, serving, training
from tests.experiments.programs import start
from tests.experiments.small_runs import trained

TEXT = 'The cat sat; the dog (a big one) ran. Was it so? ' * 12
NEW = 'The dog ran, the unicorn sat.'
TRANSFORMER = {'fn': 'mtljax.backbones:transformer', 'depth': 1, 'width': 8, 'num_heads': 2}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The folder of a run whose text is gone."""
    folder = tmp_path_factory.mktemp('texts')
    path = folder / 'old.txt'
    path.write_text(TEXT)
    trained(folder / 'run', {'fn': 'mtljax.data:text', 'path': str(path), 'length': 4}, TRANSFORMER)
    path.rename(folder / 'moved.txt')
    return folder / 'run'


def right_answers(run, text):
    """The answers for each word, sequence by sequence, without filling any up."""
    opened, words = mtljax.load(run), mtljax.data.words_of(text)
    ids = opened.text.encode(words)
    table = {'word': words.there}
    for start_at in range(0, len(ids), 4):
        inputs = ids[None, start_at : start_at + 4]
        predictions, _ = opened.model.apply(opened.saved.params, opened.saved.state, inputs)
        for task, prediction in predictions.items():
            for part, x in answers.of(opened.tasks[task]).apply(prediction[0]).items():
                table.setdefault((task, part), []).append(np.asarray(x))
    return {
        name: np.concatenate(parts) if isinstance(name, tuple) else parts
        for name, parts in table.items()
    }, opened


def rows_of(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('batch', [1, 1024])
def test_a_new_text(run, tmp_path, batch):
    (tmp_path / 'new.txt').write_text(NEW)
    flags = (f'--input={tmp_path / "new.txt"}', f'--output={tmp_path / "o.csv"}')
    done = start('predict', f'--workdir={run}', *flags, f'--batch_size={batch}')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f'6 words, written to {tmp_path / "o.csv"}',
        'unknown words: 1',
    ]
    found, (right, opened) = rows_of(tmp_path / 'o.csv'), right_answers(run, NEW)
    assert [row['word'] for row in found] == ['The', 'dog', 'ran', 'the', 'unicorn', 'sat']
    names = ('(other)', *opened.text.words)
    said = [names[code] for code in right['next_word', 'class']]
    assert [row['next_word.class'] for row in found] == said
    np.testing.assert_allclose(
        [float(row['capital']) for row in found], right['capital', 'probability'], rtol=1e-4
    )
    np.testing.assert_allclose(
        [float(row['punctuation.probabilities.,']) for row in found],
        right['punctuation', 'probabilities'][:, 2],
        rtol=1e-4,
    )


def test_a_column_of_texts(run, tmp_path):
    frame = pandas.DataFrame({'id': ['a', 'b', 'c'], 'text': [NEW, None, 'A big cat']})
    frame.to_csv(tmp_path / 'new.csv', index=False)
    frame.to_parquet(tmp_path / 'new.parquet')
    opened = mtljax.load(run)
    for name in ('new.csv', 'new.parquet'):
        target = tmp_path / f'{name}.npz'
        tasks, keep = ('next_word',), ('id',)
        request = Request('', str(tmp_path / name), str(target), tasks, keep, None, None, 2)
        assert texts.answer(opened, request).startswith('9 words')
        with np.load(target) as found:
            assert found['id'].tolist() == ['a'] * 6 + ['c'] * 3
            assert found['row'].tolist() == [1] * 6 + [3] * 3
            assert found['word'].tolist()[6:] == ['A', 'big', 'cat']
            probability = found['next_word.probabilities.the']
        table = target.with_suffix('.parquet')
        texts.answer(opened, request._replace(target=str(table)))
        assert pandas.read_parquet(table)['word'].tolist()[6:] == ['A', 'big', 'cat']
        codes = [right_answers(run, text)[0] for text in (NEW, 'A big cat')]
        number = opened.text.words.index('the') + 1
        right = np.concatenate([each['next_word', 'probabilities'][:, number] for each in codes])
        np.testing.assert_allclose(probability, right, rtol=1e-4)


def test_many_classes_have_one_probability(run, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, '_MOST', 5)
    (tmp_path / 'new.txt').write_text(NEW)
    target = tmp_path / 'o.csv'
    opened = mtljax.load(run)
    texts.answer(opened, Request('', str(tmp_path / 'new.txt'), str(target), (), (), None, None, 8))
    (row, *_), (right, _) = rows_of(target), right_answers(run, NEW)
    assert list(row)[:3] == ['word', 'next_word.class', 'next_word.probability']
    largest = right['next_word', 'probabilities'][0].max()
    assert float(row['next_word.probability']) == pytest.approx(largest, rel=1e-4)


@pytest.mark.parametrize(
    ('name', 'content', 'keep', 'said'),
    [
        ('new.txt', ' ...\n', (), 'should hold words'),
        ('new.txt', NEW, ('id',), '--keep is for tables'),
        ('new.csv', 'id,words\n1,a\n', (), r"Missing: \['text'\]"),
        ('new.csv', 'word,text\n1,a\n', ('word',), r"other columns than the answers.*\['word'\]"),
        ('new.txt', '\0', (), 'should be text'),
    ],
)
def test_texts_that_are_refused(run, tmp_path, name, content, keep, said):
    (tmp_path / name).write_text(content)
    request = Request('', str(tmp_path / name), f'{tmp_path}/o.csv', (), keep, None, None, 8)
    with pytest.raises(Exception, match=said) as caught:
        texts.answer(mtljax.load(run), request)
    assert type(caught.value).__name__ == 'UsageError'
    assert not (tmp_path / 'o.csv').exists()


def test_arrays_still_answer_and_a_text_is_exported(run, tmp_path):
    opened = mtljax.load(run)
    ids = opened.text.sequences(mtljax.data.words_of(NEW))
    np.save(tmp_path / 'new.npy', ids)
    source, target = str(tmp_path / 'new.npy'), str(tmp_path / 'o.npz')
    request = Request('', source, target, (), (), None, None, 8)
    assert not texts.is_text(request)
    arrays.answer(opened, request)
    build.export(opened, tmp_path / 'model.zip')
    found = serving.load(tmp_path / 'model.zip').predict(ids)
    with np.load(target) as right:
        np.testing.assert_allclose(
            found['capital']['probability'], right['capital.probability'], rtol=1e-4
        )


def test_the_schema_of_a_text_is_compared(run, tmp_path):
    schema = training.read_schema(run)
    assert schema == mtljax.load(run).text
    moved = run.parent / 'moved.txt'
    other = mtljax.data.text(moved, length=3, vocabulary=5)
    there = mtljax.data.TextSchema.from_json(other.schema)
    assert schema.differences(there) == [
        'other known words',
        'sequences of 4 words there, of 3 here',
    ]


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'format': 9}, 'should be at most 1'),
        ({'words': ['a', 'a']}, 'different words'),
        ({'words': []}, 'different words'),
        ({'length': 0}, 'a number of words'),
        ({'length': 1 << 40}, 'a number of words'),
    ],
)
def test_schemas_of_texts_that_are_refused(change, said):
    content = mtljax.data.TextSchema(('a', 'b'), 2).to_json()
    with pytest.raises(ValueError, match=said):
        mtljax.data.TextSchema.from_json(content | change)


def test_stored_features_take_the_original_inputs(tmp_path):
    spec = {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 16, 'test': 16}
    backbone = {'fn': 'mtljax.backbones:mlp', 'widths': [12, 8]}
    built = trained(tmp_path / 'run', spec, backbone, frozen=1, store_features=True)
    images = mtljax.data.digits(train=32, validation=16, test=16).test.arrays.inputs
    np.save(tmp_path / 'new.npy', images)
    flags = (f'--input={tmp_path / "new.npy"}', f'--output={tmp_path / "o.npz"}')
    done = start('predict', f'--workdir={tmp_path / "run"}', *flags)
    assert done.returncode == 0, done.stderr
    opened = mtljax.load(tmp_path / 'run')
    features = built.dataset.test.arrays.inputs
    predictions, _ = built.model.apply(opened.saved.params, opened.saved.state, features)
    with np.load(tmp_path / 'o.npz') as found:
        for task, prediction in predictions.items():
            right = jax.nn.softmax(prediction)
            np.testing.assert_allclose(found[f'{task}.probabilities'], right, atol=1e-5)
    results = training.evaluate(opened.model, opened.tasks, opened.saved, opened.dataset.test)
    right = training.evaluate(built.model, opened.tasks, opened.saved, built.dataset.test)
    assert results['left']['loss'] == pytest.approx(right['left']['loss'], rel=1e-5)


def test_stored_features_of_a_table(tmp_path):
    (tmp_path / 'old.csv').write_text(
        'size,price\n' + ''.join(f'{n},{3 * n % 17}\n' for n in range(40))
    )
    spec = {'fn': 'mtljax.data:table', 'path': str(tmp_path / 'old.csv'), 'targets': ['price']}
    backbone = {'fn': 'mtljax.backbones:tabular', 'widths': [8, 4]}
    built = trained(tmp_path / 'run', spec, backbone, frozen=2, store_features=True)
    (tmp_path / 'old.csv').unlink()
    opened = mtljax.load(tmp_path / 'run')
    table = opened.schema.decode(mtljax.data.Schema.encode(opened.schema, {'size': [3, 9]}).inputs)
    found = opened.predict(table)['price']['value']
    inputs = opened.schema.encode({'size': [3, 9]}).inputs
    right, _ = opened.model.apply(opened.saved.params, opened.saved.state, inputs)
    np.testing.assert_allclose(
        found, built.dataset.tasks['price'].inverse(right['price']), rtol=1e-4
    )
