"""Every numeric option accepts a value with a finite result, or refuses it with a clear error."""

import importlib
from fnmatch import fnmatch

import pytest

from tests import (
    numeric_options_data,
    numeric_options_methods,
    numeric_options_networks,
    numeric_options_sharing,
    numeric_options_training,
)
from tests.numeric_options import named, numeric_options

TABLES = [
    numeric_options_data,
    numeric_options_methods,
    numeric_options_networks,
    numeric_options_sharing,
    numeric_options_training,
]
CASES = [case for table in TABLES for case in table.CASES]

PACKAGES = (
    *('surgery', 'weighting', 'sharing', 'backbones', 'heads', 'penalties', 'data', 'metrics'),
    *('losses', 'solvers', 'gradients', 'training', 'moves', 'module', 'trees', 'build', 'files'),
    *('testing', 'analysis', 'answers', 'serving'),
)

EXCEPTIONS = (
    'losses.*(prediction)',  # data
    'losses.*(target)',  # data
    'metrics.delta_m(*)',  # measured numbers, which may be NaN
    'analysis.Branching(*)',  # measured numbers
    'analysis.Cost(*)',  # measured numbers
    'analysis.Record(*)',  # measured numbers, which may be NaN
    'analysis.P[al]*(*)',  # the arrays and the limits of a figure
    'analysis.*([drvpms]*s)',  # differences, results, values, points, matrices, steps: measured
    'analysis.undefined(row)',  # measured numbers, which may be NaN
    'training.Evaluation(*)',  # measured numbers, which may be NaN
    'training.LogStart(*)',  # what a training tells its loggers
    'training.RateCurve(*)',  # measured numbers
    'training.Result(*)',  # measured numbers, which may be NaN
    'training.Saved(*)',  # numbers that a run has stored
    'training.save_start(results)',  # measured numbers, which may be NaN
    'training.filled(value)',  # any number, for example NaN
    'data.Column(*)',  # what was learnt about a column
    'data.Encoded(*)',  # counted cells
    'data.Schema(*)',  # what was learnt; from_json checks it
    'data.TextSchema(*)',  # what was learnt; from_json checks it
    'gradients.*(num_tasks)',  # the leading axis of arrays that the caller has
    'trees.*(index)',  # an index of arrays, with their own rules
    'files.could_not_write(size)',  # a number of bytes for a message
)


def name_of(fn):
    return f'{fn.__module__}-{fn.__name__}'


@pytest.mark.usefixtures('unchecked')
@pytest.mark.parametrize('case', CASES, ids=lambda case: name_of(case.fn))
def test_numbers_are_accepted_or_refused(case):
    faults = case.faults()
    assert not faults, '\n'.join([f'{case.fn.__name__}:', *faults])


def test_every_numeric_option_is_in_a_table():
    listed = {(case.fn, name) for case in CASES for name in case.options}
    left = [
        f'{package}.{name}({option})'
        for package in PACKAGES
        for name, fn in named(importlib.import_module(f'mtljax.{package}')).items()
        for option in numeric_options(fn)
        if (fn, option) not in listed
    ]
    assert [name for name in left if not any(fnmatch(name, each) for each in EXCEPTIONS)] == []
    assert [each for each in EXCEPTIONS if not any(fnmatch(name, each) for name in left)] == []
