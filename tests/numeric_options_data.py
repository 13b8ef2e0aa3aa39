"""The numeric options of data sets.

A data set that is read from files is asked for files that do not exist: a wrong value should be
refused before they are looked for. Values that it accepts are not tried.
"""

import math

import numpy as np
import optax

from mtljax import Batch, Task, data, heads
from tests.numeric_options import Case, accept, each

_SEED = {'seed': accept(0)}
_SEED_ONLY = {'seed': accept(0, runs=False)}
_SHARES = {'validation': accept(0, runs=False), 'test': accept(0, runs=False)}
_SIZES = {'train': accept(), 'validation': accept(), 'test': accept()}
_SMALL = {'train': 40, 'validation': 4, 'test': 4}
_INPUTS = np.arange(20.0).reshape(10, 2)
_TARGETS = {'a': np.arange(10.0)}
_TASK = Task(heads.linear(), optax.squared_error)
_NUMBERS = (0, -1, 2.5, math.nan, math.inf, None, 2**70)  # targets may hold any of them
_IGNORE = {'ignore': each(*_NUMBERS, alone=_NUMBERS, of=lambda value: {'a': value})}


def _example(dataset):
    """Return the arrays of a small batch."""
    return dataset.train.example


def _examples_of_block(block):
    return Batch(np.ones(3), {'a': np.ones(3)}, {'a': np.ones(3, bool)})


def _generated(fn, options, **given):
    return Case(fn, options, given, _example)


def _file(fn, options, path='nowhere.csv', **given):
    return Case(fn, options, {'path': path, **given})


CASES = [
    _file(data.aliexpress, _SEED_ONLY),
    Case(
        data.arrays,
        {'validation': accept(), 'test': accept(), **_SEED, **_IGNORE},
        {'inputs': _INPUTS, 'targets': _TARGETS, 'tasks': {'a': _TASK}},
        _example,
    ),
    Case(
        data.array_split,
        _IGNORE,
        {'inputs': _INPUTS, 'targets': _TARGETS},
        lambda split: split.arrays,
    ),
    Case(data.augment_scenes, {'scales': each(2.5)}, use=lambda augment: None),
    Case(
        data.BlockSplit,
        {'window': accept(), 'sizes': each(of=lambda size: [size, 3])},
        {'read': _examples_of_block, 'sizes': [3, 3]},
        lambda split: split.take(split.order(0, 0)[:1]),
    ),
    _file(
        data.table,
        {
            **_SHARES,
            **_SEED_ONLY,
            'most_categories': accept(runs=False),
            'window': accept(runs=False),
        },
        targets=['y'],
    ),
    _file(data.table_chunks, {'rows_each': accept(None, runs=False)}),
    Case(
        data.batch_indices,
        {'size': accept(), 'batch_size': accept(), 'start': accept(0), 'stop': accept(0), **_SEED},
        {'size': 8, 'batch_size': 2, 'seed': 0, 'start': 0, 'stop': 1},
    ),
    Case(
        data.calendar_features,
        {'fourier': accept(0)},
        {'dates': ['2017-10-02', '2017-10-03'], 'first': '2017-10-02'},
    ),
    _file(data.celeba, {'size': accept()}),
    _file(data.census, _SEED_ONLY),
    _file(data.cityscapes, {'validation': accept(), **_SEED_ONLY}),
    _file(
        data.daily_series,
        {
            'horizon': accept(),
            'fourier': accept(0, runs=False),
            'last': each(alone=[None], of=lambda value: {'b': value}, runs=False),
            **_SEED_ONLY,
        },
    ),
    _generated(data.digits, {**_SIZES, **_SEED}, **_SMALL),
    _generated(
        data.mmoe_synthetic,
        {
            'correlation': accept(0, -1),
            'dimension': accept(),
            'scale': accept(2.5),
            'terms': accept(0),
            'noise': accept(0, 2.5),
            **_SIZES,
            **_SEED,
        },
        **_SMALL,
    ),
    _file(data.movielens, _SEED_ONLY),
    _file(
        data.multi_mnist,
        {**dict.fromkeys(_SIZES, accept(None, runs=False)), **_SEED_ONLY},
    ),
    _file(
        data.multi_target,
        {
            'targets': accept(None, '3', runs=False),  # '3' is the name of one column
            'split': each(0, alone=[None], of=lambda value: [[1], [2], [value]], runs=False),
            **_SHARES,
            **_SEED_ONLY,
        },
        targets=2,
    ),
    _file(data.nyuv2, {'validation': accept(), **_SEED_ONLY}),
    _file(data.office, {'size': accept()}),
    Case(data.only, {'batch_size': accept()}, {'dataset': data.digits(**_SMALL), 'task': 'left'}),
    _file(data.qm9, {'train': accept(None, runs=False), **_SEED_ONLY}),
    _generated(
        data.ranking_log,
        {
            'click': accept(),
            'conversion': accept(),
            'conflict': accept(0, 2.5),
            'labels': each(alone=[None], of=lambda value: {'click': value}, runs=False),
            **_SIZES,
            **_SEED_ONLY,
        },
        **(_SMALL | {'train': 400}),
    ),
    Case(data.rolling_origins, {'every': accept()}, {'first': '2017-10-02', 'last': '2018-10-02'}),
    _generated(data.scenes, {**_SIZES, 'side': accept(), **_SEED}, train=2, validation=2, test=2),
    _file(data.text, {'length': accept(), 'vocabulary': accept()}),
]
