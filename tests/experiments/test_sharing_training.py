"""Every scheme learns: some of the trainings of ``selfcheck --suite=sharing``, and how it fails."""

import itertools
import sys

import jax.numpy as jnp
import pytest

from experiments.program import UsageError
from experiments.selfcheck import sharing as sharing_check
from experiments.selfcheck import sharing_schemes, sharing_training, sharing_workers
from experiments.selfcheck.errors import CheckError
from experiments.selfcheck.sharing_training import METHODS, NotLearnedError, Row, train
from mtljax import Module, sharing

# Schemes that compile slowly train two tasks on the perceptron, and so does any other scheme.
CHOSEN = [
    Row('independent', 'lenet', 'equal', 5, False),
    Row('hard', 'lenet', 'pcgrad', 5, True),
    Row('branched', 'mlp', 'pcgrad', 5, False),
    Row('soft', 'mlp', 'equal', 1, True),
    Row('cross_stitch', 'mlp', 'pcgrad', 2, False),
    Row('sluice', 'mlp', 'uncertainty', 2, False),
    Row('nddr', 'mlp', 'equal', 2, True),
    Row('mmoe', 'lenet', 'equal', 2, True),
    Row('omoe', 'lenet', 'pcgrad', 1, True),
    Row('dselect_k', 'mlp', 'uncertainty', 2, True),
    Row('cgc', 'mlp', 'pcgrad', 2, False),
    Row('ple', 'mlp', 'equal', 2, False),
    Row('adatt', 'mlp', 'uncertainty', 2, False),
    Row('mtan', 'mlp', 'pcgrad', 2, True),
    Row('film', 'lenet', 'uncertainty', 1, False),
    Row('adapters', 'lenet', 'uncertainty', 2, False),
    Row('task_token', 'mlp', 'uncertainty', 5, True),
    Row('esmm', 'mlp', 'equal', 5, True),
    Row('aitm', 'mlp', 'pcgrad', 1, False),
    Row('hard', 'resnet', 'uncertainty', 2, True),
]
OTHERS = sharing_schemes.SCHEMES.keys() - {row.scheme for row in CHOSEN}
ROWS = [*CHOSEN, *(Row(name, 'mlp', 'equal', 2, False) for name in sorted(OTHERS))]
# These cover two backbones and two methods. The contract of every scheme is in tests/sharing.
QUICK = ('cross_stitch', 'mmoe')
ONE = Row('hard', 'mlp', 'equal', 1, False)
BAD = ONE._replace(method='nothing')


def name_of(row):
    return '-'.join(map(str, row[:4])) + ('-own' if row.per_task else '')


def trainings():
    for row in ROWS:
        marks = [] if row.scheme in QUICK else [pytest.mark.exhaustive]
        yield pytest.param(row, id=name_of(row), marks=marks)


@pytest.mark.parametrize('row', list(trainings()))
def test_every_scheme_learns(row):
    assert len(train(row)) == row.count


def test_the_trainings_cover_schemes_and_pairs():
    every = sharing_training.rows()
    assert set(ROWS) < set(every)
    for at in itertools.combinations(range(1, 5), 2):
        wanted = {tuple(row[i] for i in at) for row in every if row.backbone != 'resnet'}
        assert wanted <= {tuple(row[i] for i in at) for row in ROWS}


def test_the_suite_is_every_combination():
    every = sharing_training.rows()
    schemes = len(sharing_schemes.SCHEMES)
    assert (
        len(every) == len(set(every)) == schemes * 2 * len(METHODS) * 3 * 2 + 4 * 2 * len(METHODS)
    )


@pytest.mark.parametrize(
    ('rate', 'message'), [(0.0, "0.5 of the loss is left: {'wide': '1.00'}"), (jnp.nan, 'finite')]
)
def test_what_does_not_learn_fails(rate, message):
    with pytest.raises(NotLearnedError, match=message):
        train(ONE, learning_rate=rate)


def test_a_state_that_changes_its_type_fails(monkeypatch):
    def scaled(backbone, heads):
        stage = Module(
            lambda key, x: (jnp.ones(1), {'n': jnp.zeros((), jnp.int32)}),
            lambda params, state, x, **_: (x * params.reshape(1, 1), {'n': state['n'] + 0.5}),
        )
        return sharing.hard((stage, *backbone), heads)

    monkeypatch.setitem(sharing_schemes.SCHEMES, 'scaled', sharing_schemes.Scheme(scaled))
    with pytest.raises(NotLearnedError, match='of the state changed'):
        train(ONE._replace(scheme='scaled'))


def test_the_table_of_a_run_with_a_failure(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sharing_check, 'rows', lambda schemes: [BAD, ONE])
    with pytest.raises(CheckError, match='1 of 2 trainings'):
        sharing_check.check(['hard'], 1, str(tmp_path / 'table.md'))
    written = (tmp_path / 'table.md').read_text()
    (row,) = [line for line in written.splitlines() if line.startswith('| hard')]
    assert [cell.strip() for cell in row.split('|')[1:-2]] == ['hard', 'mlp', 'nothing', *'-----']
    assert '--suite=sharing --schemes=hard' in written
    assert "- hard on mlp, nothing, T=1, shared: KeyError: 'nothing'" in written
    assert '1 of 2 trainings passed' in ' '.join(capsys.readouterr().out.split())


def test_a_process_that_dies_costs_one_training():
    dies = (sys.executable, '-c', "import os; os.write(2, b'out of memory'); os._exit(3)")
    found = list(sharing_workers.outcomes([ONE, ONE], 1, dies))
    expected = 'the process ended with code 3: out of memory'
    assert [outcome.error for outcome in found] == [expected] * 2


def test_an_unknown_scheme():
    with pytest.raises(UsageError, match=r"independent, hard.*Found \['hrad'\]"):
        sharing_check.check(['hrad'], 1, None)
