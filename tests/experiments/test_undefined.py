"""Why a table of results shows NaN."""

import math

import numpy as np
import optax
import pytest

from experiments.undefined import why_nan
from mtljax import data, heads, metrics
from mtljax.base import Dataset, Task

TASK = Task(heads.linear(), optax.sigmoid_binary_cross_entropy, {'auc': metrics.auc()})
NAN = {'sold': {'loss': 0.5, 'auc': math.nan}}


def dataset(labels, mask=(True, True, True)):
    split = data.array_split(np.ones((3, 1)), {'sold': labels}, {'sold': np.array(mask)})
    return Dataset({'sold': TASK}, split, split, split)


@pytest.mark.parametrize(
    ('labels', 'mask', 'said'),
    [
        ((0.0, 0.0, 1.0), (True, True, False), 'where all 2 labels are equal'),
        ((0.0, 1.0, 1.0), (True, False, False), 'which has one label of this task'),
        ((0.0, 1.0, 1.0), (False, False, False), 'which has no label of this task'),
        ((0.0, 1.0, 1.0), (True, True, True), 'whose labels do not define it'),
    ],
)
def test_labels_that_define_no_metric(labels, mask, said):
    found = why_nan({'test': NAN}, dataset(np.array(labels), mask))
    assert found == f'NaN: auc of sold on the test split, {said}.'


def test_nothing_is_said_without_nan():
    assert why_nan({'test': {'sold': {'auc': 0.5}}}, dataset(np.zeros(3))) == ''


def test_several_splits_and_labels_on_disk():
    here = dataset(np.zeros(3))
    far = data.FileSplit(here.train.take, np.arange(3))
    both = Dataset(here.tasks, here.train, here.validation, far)
    found = why_nan({'validation': NAN, 'test': NAN}, both)
    assert found == (
        'NaN: auc of sold on the validation split, where all 3 labels are equal; '
        'auc of sold on the test split, whose labels may all be equal.'
    )
