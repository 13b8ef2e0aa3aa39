"""Answers: parts of predictions, and their forms in JSON and in tables."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import expit, softmax

from mtljax import Task, answers, heads, losses

LOGITS = np.float32([[1.0, -2.0, 0.5], [0.0, 3.0, 3.5]])


def both(answer, prediction):
    """The parts of an answer under jit, as JSON and as columns."""
    parts = jax.tree.map(np.asarray, jax.jit(answer.apply)(prediction))
    json.dumps(answer.description)
    return answers.rows(answer.description, parts), answers.columns('t', answer.description, parts)


def test_probability():
    rows, columns = both(answers.probability(), jnp.array([0.0, -1.5]))
    assert rows == pytest.approx([0.5, expit(-1.5)])
    np.testing.assert_allclose(columns['t'], expit([0.0, -1.5]), rtol=1e-6)
    rows, columns = both(answers.probability(('no', 'yes')), jnp.array([0.0, 1.5]))
    assert [row['class'] for row in rows] == ['no', 'yes'] == columns['t.class'].tolist()
    assert rows[1]['probabilities'] == pytest.approx({'no': expit(-1.5), 'yes': expit(1.5)})
    assert list(columns) == ['t.class', 't.probabilities.no', 't.probabilities.yes']


def test_probabilities_of_several_labels():
    rows, columns = both(answers.probability(), jnp.array(LOGITS))
    np.testing.assert_allclose(rows, expit(LOGITS), rtol=1e-6)
    assert list(columns) == ['t.0', 't.1', 't.2']


def test_classes():
    rows, columns = both(answers.classes(['b', 7, 'a']), jnp.array(LOGITS))
    assert rows[0]['class'] == 'b'
    assert rows[1]['class'] == 'a'
    right = softmax(LOGITS, axis=1)
    np.testing.assert_allclose([*rows[0]['probabilities'].values()], right[0], rtol=1e-5)
    assert list(rows[0]['probabilities']) == ['b', '7', 'a']
    np.testing.assert_allclose(columns['t.probabilities.7'], right[:, 1], rtol=1e-5)
    rows, _ = both(answers.classes(), jnp.array(LOGITS))
    assert rows[1]['class'] == 2
    assert isinstance(rows[1]['probabilities'], list)
    with pytest.raises(ValueError, match='should have 2 logits'):
        answers.classes(['a', 'b']).apply(jnp.array(LOGITS))


def test_numbers_read_back_exactly():
    values = np.float32(np.random.default_rng(0).normal(size=(50,)) * 10.0 ** np.arange(-25, 25))
    rows, _ = both(answers.number(unit='EUR'), jnp.array(values))
    assert np.array_equal(np.float32(json.loads(json.dumps(rows))), values)
    rows, columns = both(answers.numbers(['mo', 'tu', 'we'], lambda y: 2 * y), jnp.array(LOGITS))
    assert rows[0] == {'mo': 2, 'tu': -4, 'we': 1}
    assert columns['t.tu'].tolist() == [-4, 6]


def test_numbers_that_are_not_finite():
    rows, _ = both(answers.number(), jnp.array([np.nan, np.inf, 1.0]))
    assert rows == [None, None, 1]


def test_mask_and_box():
    pixels = jnp.stack([jnp.array([LOGITS])] * 2)[:, 0]
    rows, columns = both(answers.mask(['x', 'y', 'z']), pixels[:, None])
    assert rows == [[['x', 'z']]] * 2
    assert list(columns) == ['t.0.0', 't.0.1']
    rows, _ = both(answers.mask(), pixels)
    assert rows[0] == [[1, 0, 1], [0, 1, 1]]
    rows, _ = both(answers.box(), jnp.array([[0.5, 0.25, -1, 2]]))
    assert rows == [{'centre x': 0.5, 'centre y': 0.25, 'width': 0, 'height': 1}]


def test_raw():
    rows, columns = both(answers.raw(), {'mean': jnp.array([1.0]), 'sd': jnp.array([[2.0, 3.0]])})
    assert rows == [{'mean': 1, 'sd': [2, 3]}]
    assert list(columns) == ['t.mean', 't.sd.0', 't.sd.1']


@pytest.mark.parametrize(
    ('loss', 'kind'),
    [
        (optax.sigmoid_binary_cross_entropy, 'probability'),
        (optax.softmax_cross_entropy_with_integer_labels, 'classes'),
        (losses.absolute_error, 'raw'),
    ],
)
def test_the_answer_of_a_loss(loss, kind):
    task = Task(heads.linear(), loss, inverse=lambda y: 3 * y + 1)
    assert answers.of(task).description['kind'] == kind
    if kind == 'raw':
        assert both(answers.of(task), jnp.array([2.0]))[0] == [7]


def test_no_rows():
    assert both(answers.classes(['a', 'b']), jnp.zeros((0, 2)))[0] == []


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: answers.probability(('a',)), 'names should be 2 or more different'),
        (lambda: answers.probability(('a', 'b', 'c')), 'two classes'),
        (lambda: answers.classes('ab'), 'different texts or numbers'),
        (lambda: answers.classes(['1', 1]), 'different texts or numbers'),
        (lambda: answers.number(3), 'inverse should be a function'),
        (lambda: answers.number(unit=3), 'unit should be a text'),
        (lambda: Task(heads.linear(), optax.squared_error, answer=3), 'Task.answer should be'),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
