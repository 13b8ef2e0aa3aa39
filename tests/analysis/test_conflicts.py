"""Conflicts are read from the log that training writes."""

import numpy as np
import optax
import pytest

from mtljax import analysis, backbones, data, heads, sharing, surgery, training
from mtljax.base import Task


def parts(tasks, method, **options):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(48, 5)).astype(np.float32)
    targets = {name: inputs[:, 0] * sign for name, sign in tasks.items()}
    task = Task(heads.linear(), optax.squared_error)
    dataset = data.arrays(inputs, targets, dict.fromkeys(tasks, task))
    model = sharing.hard(backbones.mlp((8, 8)), dataset.heads)
    tx = optax.chain(surgery.on_shared(surgery.watch(method, **options)), optax.sgd(0.01))
    return model, dataset, tx


STEPS = {'steps': 20, 'log_every': 5, 'batch_size': 16, 'eval_every': 20}


def history(tasks, method, **options):
    return training.train(*parts(tasks, method, **options), **STEPS).history


def test_a_run_is_read():
    found = analysis.conflicts(history({'a': 1, 'b': 1, 'c': -1}, surgery.pcgrad()))
    assert found.steps.tolist() == [5, 10, 15, 20]
    assert found.stages == ('all', 'stage0', 'stage1')
    assert found.pairs == ('a~b', 'a~c', 'b~c')
    assert found.cosines.shape == (4, 3, 3)
    assert np.isfinite(found.cosines).all()
    assert found.conflicting.shape == (4, 3)
    assert ((found.conflicting >= 0) & (found.conflicting <= 1)).all()


def test_several_devices_and_several_seeds_measure_the_same():
    given = parts({'a': 1, 'b': 1, 'c': -1}, surgery.pcgrad(shuffle=False))
    alone = analysis.conflicts(training.train(*given, **STEPS).history)
    devices = analysis.conflicts(training.train(*given, **STEPS, parallel='pmap').history)
    first, _ = training.train_seeds(*given, **STEPS, seeds=[0, 1], together=True)
    for found in (devices, analysis.conflicts(first.history)):
        np.testing.assert_allclose(found.cosines, alone.cosines, atol=1e-4)


def test_one_task_has_no_conflict():
    rows = history({'a': 1}, surgery.pcgrad())
    assert not any(name.startswith('cosine') for row in rows for name in row)
    np.testing.assert_allclose([rows[0]['update'], rows[0]['condition']], 1, rtol=1e-5)


def test_many_tasks_have_their_mean():
    tasks = dict.fromkeys('abcdefghijklm', 1)
    found = analysis.conflicts(history(tasks, surgery.sum(), every=5))
    assert found.pairs == ('mean',)
    assert found.cosines.shape == (4, 3, 1)
    assert np.isfinite(found.cosines).all()


def test_steps_without_a_measurement_are_left_out():
    found = analysis.conflicts(history({'a': 1, 'b': -1}, surgery.sum(), every=10))
    assert found.steps.tolist() == [5, 15]


def test_names_may_contain_slashes_and_numbers():
    start = {'step': 1, 'cosine/all': 0.5, 'cosine/all/x/a~x/b': 0.5}
    stages = {f'cosine/net/stage{at}/x/a~x/b': at / 100 for at in range(12)}
    found = analysis.conflicts([start | stages])
    assert found.stages == ('all', *(f'net/stage{at}' for at in range(12)))
    assert found.pairs == ('x/a~x/b',)
    np.testing.assert_allclose(found.cosines[0, :, 0], [0.5, *(at / 100 for at in range(12))])


def test_the_figure_leaves_out_what_was_not_measured():
    rows = [{'step': 1, 'cosine/all': 0.5, 'cosine/all/a~b': 0.5, 'cosine/stage1/a~b': 0.1}]
    figure = analysis.conflict_figure(analysis.conflicts([*rows, rows[0] | {'step': 2}]))
    assert [text.get_text() for text in figure.axes[1].get_xticklabels()] == ['stage1']


def test_a_log_without_a_watch_is_refused():
    with pytest.raises(ValueError, match='Train with a watch'):
        analysis.conflicts([{'step': 1, 'loss/a': 0.5}])
