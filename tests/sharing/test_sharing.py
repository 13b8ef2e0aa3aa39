"""Every scheme keeps the contract, and says which arguments do not fit."""

import jax
import numpy as np
import pytest

from experiments.selfcheck.sharing_schemes import SCHEMES, VARIANTS, build
from mtljax import backbones, heads, sharing, testing
from tests.helpers import sampled
from tests.sharing.schemes import BACKBONES, ROWS, batch_for, tasks_for

BACKBONE = BACKBONES[2]


def check(name, x, per_task_input=False):
    """Put one row of the table through the contract."""
    row = ROWS[name]
    tasks, stages = tasks_for(row), BACKBONES[row.num_stages]
    model = build(row, stages, tasks, per_task_input)
    batch = batch_for(model, tasks, x)
    testing.check_scheme(lambda *_: model, backbone=stages, tasks=tasks, batch=batch)


def inputs(size=8, width=5):
    return np.random.default_rng(0).normal(size=(size, width)).astype(np.float32)


def test_every_scheme_has_a_row():
    assert set(SCHEMES) == set(sharing.__all__) - {'multi_input'}


# The others are built by the same code as one of these.
USUAL = SCHEMES.keys() - {'independent', 'omoe', 'cgc', 'adapters', 'dselect_k'}


@pytest.mark.parametrize('name', sampled(SCHEMES, USUAL))
def test_the_contract_of_every_scheme(name):
    check(name, inputs())


@pytest.mark.exhaustive
@pytest.mark.parametrize('name', VARIANTS)
def test_the_contract_with_other_options(name):
    check(name, inputs())


@pytest.mark.parametrize(
    'name',
    ['cross_stitch', *(pytest.param(n, marks=pytest.mark.exhaustive) for n in ('esmm', 'film'))],
)
def test_the_contract_with_one_input_per_task(name):
    names = reversed(tasks_for(ROWS[name]))
    check(name, {task: inputs() + at for at, task in enumerate(names)}, per_task_input=True)


@pytest.mark.parametrize('scheme', [sharing.hard, sharing.soft, sharing.mmoe, sharing.ple])
@pytest.mark.parametrize(
    ('backbone', 'own', 'message'),
    [
        (list(BACKBONE), {'a': heads.linear()}, 'tuple of stages'),
        ((len,), {'a': heads.linear()}, 'tuple of stages'),
        (BACKBONE, {}, 'at least one'),
        (BACKBONE, {'a': len}, "head of task 'a' should be a Module"),
    ],
)
def test_arguments_that_are_no_modules(scheme, backbone, own, message):
    with pytest.raises(ValueError, match=message):
        scheme(backbone, own)


TWO = {'b': heads.linear(3), 'a': heads.linear()}
EVERY_TASK_EARLY = dict.fromkeys(TWO, 1)


@pytest.mark.parametrize(
    ('scheme', 'options', 'message'),
    [
        (sharing.branched, {'at': {'c': 1}}, r"tasks .*\['b', 'a'\]. Found \['c'\]"),
        (sharing.branched, {'at': {'b': 4}}, r"at\['b'\] should be a number .*in 0..2.*= 4"),
        (sharing.branched, {'at': {'b': -1}}, r"at\['b'\] should be a number .*in 0..2.*= -1"),
        (sharing.branched, {'at': EVERY_TASK_EARLY}, 'At least one task should use all 2 stages'),
        (sharing.grouped, {'groups': [['a', 'c']]}, r"tasks of the heads .*Found \['c'\]"),
        (sharing.grouped, {'groups': [['a'], ['b', 'a']]}, r"each task once. Found \['a'\]"),
        (sharing.grouped, {'groups': ['ab']}, 'groups should be lists of tasks'),
        (sharing.grouped, {'groups': [[]]}, 'groups should be lists of tasks'),
        (sharing.grouped, {'groups': [], 'at': 3}, 'at should be a number of stages in 0..2'),
        (sharing.soft, {'parallel': []}, 'parallel should be different stages among 0 to 1'),
        (sharing.film, {'after': [3]}, r'after should be.*among 0 to 1.*Found after = \[3\]'),
        (sharing.cross_stitch, {'start': 1, 'after': [0]}, 'after should be.*among 1 to 1'),
        (sharing.cross_stitch, {'own': float('nan')}, 'own should be a finite number'),
        (sharing.mmoe, {'num_experts': 0}, 'num_experts should be a whole number >= 1'),
        (sharing.mmoe, {'start': 2, 'stop': 2}, 'start < stop <= 2'),
        (sharing.mmoe, {'gate_at': 1}, 'gate_at should be a number of stages in 0..0'),
        (sharing.mmoe, {'gate_dropout': 1.0}, r'gate_dropout should be in \[0, 1\)'),
        (sharing.dselect_k, {'k': 0}, 'k should be a whole number >= 1'),
        (sharing.dselect_k, {'gamma': 0}, 'gamma should be a finite number > 0'),
        (sharing.ple, {'levels': [2, 2]}, 'levels should be numbers of stages'),
        (sharing.ple, {'num_shared': 0}, 'num_shared should be a whole number >= 1'),
        (sharing.adatt, {'num_own': 0}, 'num_own should be a whole number >= 1'),
        (sharing.esmm, {'funnel': ['a', 'c']}, "funnel should be different tasks of .'b', 'a'"),
        (sharing.aitm, {'funnel': ['a', 'a']}, "funnel should be different tasks of .'b', 'a'"),
        (sharing.aitm, {'calibrate': -1}, 'calibrate should be a finite number >= 0'),
        (sharing.adapters, {'width': 0}, 'width should be a whole number >= 1'),
        (sharing.sluice, {'subspaces': 0}, 'subspaces should be a whole number >= 1'),
        (sharing.task_token, {'how': 'multiply'}, "how should be 'add' or 'prepend'"),
        (sharing.ple, {'levels': 2}, 'levels should be numbers of stages'),
        (sharing.film, {'after': 1}, 'after should be different stages'),
        (sharing.branched, {'at': {'b': 1.0}}, r"at\['b'\] should be a number .*in 0..2"),
        (sharing.mmoe, {'start': True}, 'start and stop should be stages'),
        (sharing.mmoe, {'gate': None}, 'gate should be a Module, or a function'),
        (sharing.task_token, {'before': 3}, 'before should be.*among 0 to 1'),
    ],
)
def test_options_that_do_not_fit(scheme, options, message):
    with pytest.raises(ValueError, match=message):
        scheme(BACKBONE, TWO, **options)


@pytest.mark.parametrize(
    ('model', 'x', 'message'),
    [
        (sharing.task_token(BACKBONE, TWO), np.ones((2, 5)), 'should be alike'),
        (
            sharing.task_token(BACKBONE, TWO),
            np.ones((2, 5), int),
            'A task token should read',
        ),
        (sharing.sluice(backbones.mlp((5,)), TWO), np.ones((2, 5)), 'subspaces should divide'),
        (
            sharing.mmoe(BACKBONE, TWO, gate=heads.linear(3)),
            np.ones((2, 5)),
            'A gate over 8 experts',
        ),
        (
            sharing.multi_input(sharing.hard(BACKBONE, TWO)),
            np.ones((2, 5)),
            'should be {task: x}',
        ),
        (sharing.mmoe(BACKBONE, TWO), np.ones((2, 5), int), 'A gate should read floats'),
        (sharing.dselect_k(BACKBONE, TWO), np.ones((2, 5), int), 'A gate should read floats'),
        (sharing.esmm(BACKBONE, TWO), np.ones((3, 5)), 'logits of one shape'),
        (sharing.aitm(BACKBONE, TWO), np.ones((3, 5)), 'logits of one shape'),
    ],
)
def test_inputs_that_do_not_fit(model, x, message):
    x = x.astype(np.float32) if x.dtype == float else x
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda k: model.apply(*model.init(k, x), x)[0], jax.random.key(0))
