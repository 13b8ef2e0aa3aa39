"""What is found wrong before training starts."""

import dataclasses

import jax
import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, Metric, Task, data, heads, losses, surgery, training
from tests.helpers import classification, regression, small_batch, small_model, small_tasks

BATCH = small_batch()


def start(tasks=None, batch=BATCH):
    tasks = small_tasks() if tasks is None else tasks
    step = training.train_step(small_model(tasks=small_tasks()), tasks, surgery.sum())
    return step.init(jax.random.key(0), batch)


def with_task(task):
    """The small tasks, with another loss or other metrics for ``'b'``."""
    tasks = small_tasks()
    return tasks | {'b': dataclasses.replace(tasks['b'], **task)}


def with_target(target):
    return BATCH._replace(targets=BATCH.targets | {'b': target})


def with_mask(mask):
    return BATCH._replace(mask=BATCH.mask | {'b': mask})


def test_a_task_that_is_missing():
    with pytest.raises(ValueError, match=r"\['wide', 'b', 'a'\], but \['b'\] have no Task.*Found"):
        start({name: task for name, task in small_tasks().items() if name != 'b'})


def test_a_model_that_is_none():
    with pytest.raises(ValueError, match=r'the result of a sharing scheme\. Found Module'):
        training.train_step(heads.linear(), small_tasks(), surgery.sum())


def test_a_loss_that_broadcasts():
    tasks = with_task({'loss': lambda y, t: (y - t) ** 2 * np.ones((8, 1), np.float32)})
    with pytest.raises(ValueError, match=r"'b'.*\[2, ...\]. Found \(8, 2\)|'b' does not accept"):
        start(tasks, BATCH)
    with pytest.raises(ValueError, match=r"'b' does not accept prediction \(B,\).*\(B, 1\)"):
        start(None, with_target(np.ones((8, 1), np.float32)))


def test_a_loss_that_broadcasts_silently():
    tasks = with_task({'loss': lambda y, t: (y - t) ** 2})
    with (
        jax.numpy_rank_promotion('allow'),
        pytest.raises(ValueError, match=r"loss of task 'b'.*\[B, ...\]. Found \(B, B\).*\(B, 1\)"),
    ):
        start(tasks, with_target(np.ones((8, 1), np.float32)))


@pytest.mark.parametrize(
    ('tasks', 'batch', 'message'),
    [
        (with_task({'loss': lambda y, t: ((y - t) ** 2).mean()}), BATCH, r"'b'.*\[B, ...\]. Found"),
        (None, with_target(np.ones((8, 3), np.float32)), r"'b' does not accept.*\(B,\).*\(B, 3\)"),
        (None, with_mask(np.ones((8, 1), bool)), r"mask of task 'b'.*\(B,\). Found bool\(B, 1\)"),
        (None, with_mask(np.ones(8, np.int32)), r"mask of task 'b'.*Found int32\(B,\)"),
        (None, with_mask(np.ones(7, bool)), r'one leading axis.*\(7,\), \(8,\)'),
        (None, BATCH._replace(targets={}), "should have a target for task 'wide'"),
        (None, BATCH._replace(mask={}), "should have a mask for task 'wide'"),
        (
            with_task({'metrics': classification().metrics | {'f': Metric(len, len, True)}}),
            BATCH,
            "metric 'accuracy' of task 'b'|metric 'f' of task 'b'",
        ),
    ],
)
def test_shapes_that_do_not_fit(tasks, batch, message):
    with pytest.raises(ValueError, match=message):
        start(tasks, batch)


@pytest.mark.parametrize(
    ('task', 'message'),
    [
        ({'head': len}, 'Task.head should be a Module. Found <built-in'),
        ({'loss': 3}, 'Task.loss should be a function.*Found 3'),
        ({'inverse': 2.0}, 'Task.inverse should be a function. Found 2.0'),
        ({'metrics': {'mae': 3}}, r"Task.metrics\['mae'\] should be a Metric. Found 3"),
    ],
)
def test_tasks_that_are_refused(task, message):
    good = {'head': heads.linear(), 'loss': losses.absolute_error}
    with pytest.raises(ValueError, match=message):
        Task(**(good | task))


def test_datasets_that_are_refused():
    split = data.array_split(BATCH.inputs, BATCH.targets)
    with pytest.raises(ValueError, match=r'Dataset.tasks should hold'):
        Dataset({}, split, split, split)
    with pytest.raises(ValueError, match=r"Dataset.tasks\['b'\] should be a Task"):
        Dataset({'b': 3}, split, split, split)


def dataset_of(train, last=None):
    tasks = {'b': regression()}
    return Dataset(tasks, train, train, train if last is None else last)


def train(dataset):
    model, tx = small_model(tasks=dict(dataset.tasks)), optax.chain(surgery.sum(), optax.sgd(0.1))
    return training.train(model, dataset, tx, steps=4, batch_size=8, log_every=2)


def split_of(size):
    batch = small_batch(size=size)
    return data.ArraySplit(
        Batch(batch.inputs, {'b': batch.targets['b']}, {'b': np.ones(size, bool)})
    )


def test_an_empty_split():
    with pytest.raises(ValueError, match='The test split is empty'):
        train(dataset_of(split_of(8), split_of(0)))


def test_a_target_that_is_not_finite():
    split = split_of(8)
    split.arrays.targets['b'][3] = np.nan
    with pytest.raises(training.NonFiniteLossError, match="task 'b' is nan at step 1"):
        train(dataset_of(split))
