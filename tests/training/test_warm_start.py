"""A run is read without its optimiser, and another training starts from its parameters."""

import logging
import shutil

import jax
import numpy as np
import optax
import pytest

from mtljax import Task, backbones, data, heads, metrics, sharing, surgery, training
from tests.helpers import assert_close, assert_same

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 8)).astype(np.float32)
Y = np.tanh(X @ RNG.normal(size=(8, 3))).astype(np.float32)
ADAM = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(3e-3))
SGD = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(1e-2, momentum=0.9))
SIZE = {'batch_size': 16, 'log_every': 5, 'eval_every': 5}


def made(names, scheme=sharing.hard, size=None, width=16):
    kinds = {'rmse': metrics.rmse()}
    tasks = {name: Task(heads.linear(), optax.squared_error, kinds) for name in names}
    if size is not None:
        tasks['c'] = Task(heads.linear(size), optax.squared_error, kinds)
    targets = {name: Y[:, 'abc'.index(name)] for name in names}
    if size is not None:
        targets['c'] = np.stack([Y[:, 2]] * size, axis=1)
    dataset = data.arrays(X, targets, tasks)
    return scheme(backbones.mlp((width,)), dataset.heads), dataset


@pytest.fixture(scope='module')
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp('old')
    model, dataset = made('ab')
    return folder, training.train(model, dataset, ADAM, steps=20, workdir=folder, **SIZE)


def start_of(names, source, where=None, tx=SGD, **kinds):
    """The state after no step at all: the best of an evaluation before it."""
    model, dataset = made(names, **kinds)
    plain = training.initial_state(model, dataset, tx, steps=5, **SIZE)
    return plain, training._warm_start.warm_start(plain, model.tasks, tx, source, where)


def test_a_run_is_read_without_its_optimiser(old):
    folder, result = old
    model, dataset = made('ab')
    before = sorted(path for path in folder.rglob('*'))
    saved = training.load(folder, model, dataset)
    assert_same(jax.tree.map(np.asarray, saved.params), jax.device_get(result.best.params))
    assert (saved.step, saved.tasks) == (result.best_step, ('a', 'b'))
    assert saved.validation == result.validation
    assert_close(training.evaluate(model, dataset.tasks, saved, dataset.test), result.test)
    newest = training.load(folder, model, dataset, newest=True)
    assert newest.step == 20
    assert_same(jax.tree.map(np.asarray, newest.params), jax.device_get(result.state.params))
    assert sorted(path for path in folder.rglob('*')) == before


def test_what_does_not_belong_to_the_run(old, tmp_path):
    folder, _ = old
    model, dataset = made('ab')
    with pytest.raises(ValueError, match=r'Found no checkpoint'):
        training.load(tmp_path, model, dataset)
    with pytest.raises(ValueError, match=r'Found the tasks'):
        training.load(folder, *made('abc'))
    wider, _ = made('ab', width=17)
    with pytest.raises(ValueError, match=r'another array at 0/shared/stage0/Dense_0/bias'):
        training.load(folder, wider, dataset)


def test_a_third_task_comes(old, caplog):
    folder, result = old
    with caplog.at_level(logging.WARNING):
        plain, warm = start_of('abc', folder)
    best = result.best.params
    assert_same(jax.device_get(warm.params['shared']), jax.device_get(best['shared']))
    for name in 'ab':
        found, expected = warm.params['task']['heads'][name], best['task']['heads'][name]
        assert_same(jax.device_get(found), jax.device_get(expected))
    assert_same(warm.params['task']['heads']['c'], plain.params['task']['heads']['c'])
    said = [record.getMessage() for record in caplog.records]
    (line,) = [text for text in said if 'starts from' in text]  # jax may warn, too
    assert 'Taken: shared/stage0, task/heads/a, task/heads/b. New: task/heads/c.' in line


@pytest.mark.exhaustive
def test_a_task_goes_and_a_head_is_replaced(old):
    folder, result = old
    _, warm = start_of('b', folder)
    assert_same(
        jax.device_get(warm.params['task']['heads']['b']),
        jax.device_get(result.best.params['task']['heads']['b']),
    )
    plain, warm = start_of('ab', folder, where=['shared', 'task/heads/a'])
    assert_same(warm.params['task']['heads']['b'], plain.params['task']['heads']['b'])


@pytest.mark.exhaustive
def test_a_head_of_another_size_is_new(tmp_path):
    model, dataset = made('ac')
    training.train(model, dataset, ADAM, steps=5, workdir=tmp_path, **SIZE)
    plain, warm = start_of('a', tmp_path, size=2)
    assert_same(warm.params['task']['heads']['c'], plain.params['task']['heads']['c'])


@pytest.mark.exhaustive
def test_towers_of_other_tasks_are_new(tmp_path):
    model, dataset = made('ab', sharing.independent)
    training.train(model, dataset, ADAM, steps=5, workdir=tmp_path, **SIZE)
    plain, warm = start_of('bc', tmp_path, scheme=sharing.independent)
    assert_same(warm.params['task']['towers'], plain.params['task']['towers'])
    plain, warm = start_of('ab', tmp_path, scheme=sharing.independent)
    assert (warm.params['task']['towers']['stage0']['Dense_0']['kernel'] != 0).all()
    assert np.any(
        warm.params['task']['towers']['stage0']['Dense_0']['kernel']
        != plain.params['task']['towers']['stage0']['Dense_0']['kernel']
    )


def test_nothing_fits(old):
    with pytest.raises(ValueError, match='Found none in'):
        start_of('c', old[0], width=17)


@pytest.mark.exhaustive
def test_training_starts_there_and_resumes_as_if_it_had_not_stopped(old, tmp_path):
    folder, _ = old
    model, dataset = made('abc')
    options = {'init_from': folder, **SIZE}
    whole = training.train(model, dataset, SGD, steps=10, **options)
    cold = training.train(model, dataset, SGD, steps=10, **SIZE)
    assert whole.history[0]['loss/a'] < 0.8 * cold.history[0]['loss/a']
    training.train(model, dataset, SGD, steps=5, workdir=tmp_path, **options)
    again = training.train(model, dataset, SGD, steps=10, workdir=tmp_path, **options)
    assert_same(jax.device_get(again.state), jax.device_get(whole.state))
    elsewhere = tmp_path / 'moved'
    shutil.copytree(folder, elsewhere)
    saved = training.load(elsewhere, *made('ab'))
    given = training.train(model, dataset, SGD, steps=10, **{**options, 'init_from': saved})
    assert_close(jax.device_get(given.state.params), jax.device_get(whole.state.params))
