"""Evaluation over batches, seeds and devices."""

import jax
import numpy as np
import optax
import pytest
from sklearn.metrics import roc_auc_score

from mtljax import Task, backbones, data, heads, metrics, sharing, training, trees

SIZE = 37
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(SIZE, 3)).astype(np.float32)
LABELS = (INPUTS[:, 0] + RNG.normal(size=SIZE) > 0).astype(np.int32)
MASK = RNG.random(SIZE) < 0.8


@pytest.fixture(scope='module')
def parts():
    kinds = {'auc': metrics.auc(), 'accuracy': metrics.binary_accuracy()}
    tasks = {'click': Task(heads.linear(), optax.sigmoid_binary_cross_entropy, kinds)}
    split = data.array_split(INPUTS, {'click': LABELS}, {'click': MASK})
    model = sharing.hard(backbones.mlp((4,)), {'click': heads.linear()})
    many = [jax.jit(model.init)(jax.random.key(seed), INPUTS) for seed in (0, 1)]
    return model, tasks, split, many


def expected(model, variables):
    scores = jax.jit(model.apply)(*variables, INPUTS)[0]['click']
    return roc_auc_score(LABELS[MASK], np.asarray(scores)[MASK])


def test_scores_of_all_batches_are_collected(parts):
    model, tasks, split, many = parts
    evaluate = training.evaluator(model, tasks, split, batch_size=10)
    for variables in many:
        found = evaluate(*variables)['click']
        assert found['auc'] == pytest.approx(expected(model, variables), abs=1e-12)
    one = training.evaluator(model, tasks, split)(*many[1])['click']
    assert one == pytest.approx(found, rel=1e-5)


def test_several_models_at_once(parts):
    model, tasks, split, many = parts
    params, state = (trees.stack(pair) for pair in zip(*many, strict=True))
    evaluate = training.evaluator(model, tasks, split, batch_size=10, seeds=2)
    for found, variables in zip(evaluate(params, state), many, strict=True):
        assert found['click']['auc'] == pytest.approx(expected(model, variables), abs=1e-12)
        alone = training.evaluator(model, tasks, split)(*variables)
        assert found['click'] == pytest.approx(alone['click'], rel=1e-5)


def test_rows_are_gathered_and_sums_added_over_devices(parts):
    model, tasks, split, many = parts
    batch = split.take(np.arange(36))
    sums = training.eval_step(model, tasks, axis_name='devices')
    mapped = jax.vmap(sums, in_axes=(None, None, 0), axis_name='devices')
    shards = jax.tree.map(lambda leaf: leaf.reshape(4, 9, *leaf.shape[1:]), batch)
    found = jax.tree.map(lambda leaf: leaf[0], jax.jit(mapped)(*many[0], shards))['click']
    whole = jax.jit(training.eval_step(model, tasks))(*many[0], batch)['click']
    np.testing.assert_array_equal(found['auc']['positive'], whole['auc']['positive'])
    np.testing.assert_allclose(found['auc']['score'], whole['auc']['score'], rtol=1e-5)
    assert found['accuracy']['count'] == whole['accuracy']['count']


def test_labels_of_some_tasks():
    digits = data.digits(train=8, validation=4, test=16)
    model = sharing.hard(backbones.mlp((8,)), digits.heads)
    params, state = model.init(jax.random.key(0), digits.train.example.inputs)
    variables = training.Saved(params, state, 0, model.tasks, {})
    whole = training.evaluate(model, digits.tasks, variables, digits.test)
    arrays = digits.test.arrays
    part = data.ArraySplit(
        arrays._replace(
            targets={'left': arrays.targets['left']}, mask={'left': arrays.mask['left']}
        )
    )
    expected = {'left': whole['left']}
    assert training.evaluate(model, digits.tasks, variables, part) == expected
    left = {'left': digits.tasks['left']}
    assert training.evaluate(model, left, variables, digits.test) == expected
    with pytest.raises(ValueError, match='needs a task of the model'):
        training.evaluate(model, {'other': digits.tasks['left']}, variables, digits.test)


def test_a_metric_named_loss_is_refused():
    with pytest.raises(ValueError, match="should not have the name 'loss'"):
        Task(heads.linear(), optax.squared_error, {'loss': metrics.rmse()})
