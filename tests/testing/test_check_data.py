"""`check_data` passes a data set that keeps the rules, and names the rule that another breaks."""

import dataclasses

import jax
import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, Task, data, heads, metrics, testing

X = np.arange(24, dtype=np.float32).reshape(12, 2)
Y = np.linspace(0, 1, 12, dtype=np.float32)
TASK = Task(heads.linear(), optax.squared_error, {'rmse': metrics.rmse()})
ENDLESS = metrics.rmse()._replace(result=lambda sums: np.inf)
SPLIT = data.array_split(X, {'y': Y}, {'y': np.arange(12) % 3 > 0})
WIDE = data.ArraySplit(SPLIT.arrays._replace(mask={'y': np.ones((12, 2), bool)}))
DATASET = Dataset({'y': TASK}, SPLIT, SPLIT, SPLIT)


def of_arrays(**changes):
    """The data set with other arrays in its training split, not checked by `array_split`."""
    return dataclasses.replace(DATASET, train=data.ArraySplit(SPLIT.arrays._replace(**changes)))


def of_task(**changes):
    return dataclasses.replace(DATASET, tasks={'y': dataclasses.replace(TASK, **changes)})


class Forgetful(data.ArraySplit):
    """A split that returns the examples in their order, whatever the indices."""

    def take(self, indices):
        rows = np.sort(np.asarray(indices))
        return jax.tree.map(lambda leaf: leaf[rows], self.arrays)


class Restless(data.ArraySplit):
    """A split whose batches ignore the seed."""

    def batches(self, batch_size, *, epochs=1, seed=0):
        self.arrays.inputs[:] += 1
        return super().batches(batch_size, epochs=epochs, seed=seed)


def test_a_data_set_that_keeps_the_rules():
    testing.check_data(DATASET)


@pytest.mark.parametrize(
    ('broken', 'said'),
    [
        (of_arrays(inputs=X.astype(np.float64)), 'train split.*32 bits or fewer. Found dtype fl'),
        (of_arrays(inputs=X[:, :1]), 'The validation split should have the structure'),
        (of_arrays(inputs=np.where(X > 1, X, np.nan)), 'should be finite'),
        (of_arrays(inputs=np.array(X, object)), 'Found dtype object'),
        (of_arrays(mask={'y': np.ones(12, np.int32)}), r"mask\['y'\] should be boolean"),
        (Dataset({'y': TASK}, WIDE, WIDE, WIDE), "Task 'y': the mask should have a prefix"),
        (of_arrays(targets={'z': Y}), r'targets should name the tasks'),
        (
            dataclasses.replace(DATASET, test=Forgetful(SPLIT.arrays)),
            'test split: take.*should return example',
        ),
        (
            dataclasses.replace(DATASET, train=Restless(jax.tree.map(np.copy, SPLIT.arrays))),
            'train split: batches of one seed should repeat',
        ),
        (of_task(loss=lambda prediction, target: (prediction - target).sum()), r'the loss should'),
        (of_task(loss=lambda prediction, target: prediction - target + np.nan), 'should be finite'),
        (of_task(inverse=lambda y: y[:1]), 'inverse should keep'),
        (of_task(metrics={'sum': ENDLESS}), "metric 'sum' should be a finite"),
    ],
)
def test_a_broken_rule_is_named(broken, said):
    with pytest.raises(AssertionError, match=said):
        testing.check_data(broken)


def test_examples_in_files_and_inputs_of_each_task():
    def read(row):
        inputs = {'y': np.full(2, row, np.float32), 'z': np.full(2, -row, np.float32)}
        return Batch(
            inputs, dict.fromkeys(inputs, np.float32(row)), dict.fromkeys(inputs, np.bool_(True))
        )

    split = data.FileSplit(read, np.arange(5))
    dataset = Dataset({'y': TASK, 'z': TASK}, split, split, split, per_task_inputs=True)
    testing.check_data(dataset)
