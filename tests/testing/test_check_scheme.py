"""Schemes that break the contract are refused, and the message says where."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import backbones, sharing
from mtljax.testing import _scheme_rows as rows
from mtljax.testing import check_scheme
from mtljax.testing._scheme import _facts
from tests.helpers import small_batch, small_tasks

STAGES = backbones.mlp((3,))
TASKS = {name: task for name, task in small_tasks().items() if name != 'a'}
BATCH = small_batch(4)
BATCH = BATCH._replace(
    targets={name: BATCH.targets[name] for name in TASKS},
    mask={name: BATCH.mask[name] for name in TASKS},
)
HARD = sharing.hard(STAGES, {name: task.head for name, task in TASKS.items()})


@pytest.fixture(scope='module')
def facts():
    run = jax.jit(functools.partial(_facts, HARD, TASKS))
    key = jax.random.key(0)
    return jax.device_get(run(*HARD.init(key, BATCH.inputs), BATCH, key))


def moved_head(tree):
    """A head under 'shared'."""
    return {'shared': {'head': tree['task']['heads']['b']}, 'task': {'heads': {}}}


def moved_trunk(tree):
    """The trunk under 'task'."""
    return {'shared': {}, 'task': {'trunk': tree['shared'], 'heads': {}}}


def doubled(tree):
    return jax.tree.map(lambda leaf: 2 * leaf, tree)


@pytest.mark.parametrize(
    ('field', 'change', 'check', 'message'),
    [
        ('params', lambda p: p['task'], 'layout', "keys of params should be .'shared', 'task'.*"),
        ('params', moved_head, 'layout', r"\['heads'\] should be \['b', 'wide'\]. Found \[\]"),
        ('jacobian', moved_head, 'reach', r"at shared/head/.*Found \['b'\]. Store it under"),
        (
            'jacobian',
            moved_trunk,
            'reach',
            r"at task/trunk/.*Found \['wide', 'b'\]. Store it under",
        ),
        ('combined', doubled, 'gradients', 'combination of the engine should be the same'),
        ('jacobian', doubled, 'gradients', 'weighted sum of the rows should be the same'),
        ('losses', doubled, 'losses', "the loss of 'wide' should be the same"),
        ('last', doubled, 'readout', "a readout of 'b' only should be the same"),
        ('after', lambda _: {'a': np.ones(2)}, 'state', r"Found {'a': 'float64\[2\]'}"),
        ('rolled', doubled, 'inputs', "the prediction of 'wide' should be the same"),
        ('predictions', doubled, 'jit', 'the predictions without jit should be the same'),
        ('losses', doubled, 'missing_labels', 'losses and gradients of the other tasks'),
    ],
)
def test_a_row_that_does_not_hold(facts, field, change, check, message):
    broken = facts._replace(**{field: change(getattr(facts, field))})
    args = {
        'layout': (HARD, broken),
        'losses': (HARD, TASKS, BATCH, broken),
        'jit': (HARD, BATCH, broken),
        'missing_labels': (broken, facts),
        'gradients': (broken,),
        'state': (broken,),
    }
    with pytest.raises(AssertionError, match=message):
        getattr(rows, f'check_{check}')(*args.get(check, (HARD, broken)))


def test_a_readout_that_reads_the_trunk_secretly():
    """Engines withhold 'shared' from a readout that is not ``coupled``."""

    def secret(backbone, heads):
        model = sharing.hard(backbone, heads)

        def readout(params, state, z, **options):
            predictions, state = model.readout(params, state, z, **options)
            shared = jax.tree.leaves(params.get('shared', {'bias': jnp.zeros(1)}))[0]
            return {name: y + shared.sum() for name, y in predictions.items()}, state

        def apply(params, state, x, **options):
            return readout(params, *model.features(params, state, x, **options)[::-1], **options)

        return dataclasses.replace(model, readout=readout, apply=apply)

    with pytest.raises(AssertionError, match='gradients: '):
        check_scheme(secret, backbone=STAGES, tasks=TASKS, batch=BATCH)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'tasks': TASKS}, 'given together'),
        ({'tasks': {'b': TASKS['b']}, 'batch': BATCH}, r"two or more tasks. Found \['b'\]"),
    ],
)
def test_arguments_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        check_scheme(sharing.hard, **options)
