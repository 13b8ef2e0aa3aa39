"""Several seeds in one program are the same seeds one after the other."""

import re

import jax
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from mtljax.training import _parallel
from tests.helpers import assert_close, sampled

DIGITS = data.digits(train=96, validation=32, test=32)
SIZE = {'steps': 8, 'batch_size': 16, 'log_every': 4, 'eval_every': 4}
SEEDS = (3, 5)


@pytest.fixture(scope='module', params=sampled(['hard', 'mmoe'], ['hard']))
def parts(request):
    backbone = backbones.mlp((16,), dropout=0.1)
    if request.param == 'hard':
        model = sharing.hard(backbone, DIGITS.heads)
    else:
        model = sharing.mmoe(backbone, DIGITS.heads, num_experts=2)
    return model, DIGITS, optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))


def test_one_program_is_one_run_after_the_other(parts):
    together, apart = (
        training.train_seeds(*parts, seeds=SEEDS, together=choice, **SIZE)
        for choice in (True, False)
    )
    for one, other in zip(together, apart, strict=True):
        assert_close(one.state.params, other.state.params, atol=1e-5)
        assert one.best_step == other.best_step
        assert_close(one.test, other.test, atol=1e-5)
        assert_close(one.validation, other.validation, atol=1e-5)
        for row, expected in zip(one.history, other.history, strict=True):
            assert row == pytest.approx(expected, abs=1e-4)
    first, second = (run.state.params['shared'] for run in together)
    differ = jax.tree.map(lambda a, b: bool((a != b).any()), first, second)
    assert all(jax.tree.leaves(differ))


def test_options_that_one_program_cannot_have(parts):
    with pytest.raises(ValueError, match='no patience and no stream'):
        training.train_seeds(*parts, seeds=SEEDS, together=True, patience=2, **SIZE)
    with pytest.raises(ValueError, match='one or more different seeds'):
        training.train_seeds(*parts, seeds=(), together=True, **SIZE)


def test_small_steps_fit_together_and_large_ones_do_not(parts):
    model, dataset, tx = parts
    fits, reason = training.should_vmap_seeds(model, dataset, tx, seeds=SEEDS, batch_size=16)
    assert fits
    assert 'MFLOP' in reason
    wide = sharing.hard(backbones.mlp((2048, 2048)), DIGITS.heads)
    assert not training.should_vmap_seeds(wide, dataset, tx, seeds=SEEDS, batch_size=96)[0]
    lenet = sharing.hard(backbones.lenet(), DIGITS.heads)
    found = training.should_vmap_seeds(lenet, dataset, tx, seeds=SEEDS, batch_size=16)
    assert found == (False, 'convolutions')
    assert (
        training.should_vmap_seeds(model, dataset, tx, seeds=(0,), batch_size=16)[1] == 'one seed'
    )


def test_a_loss_that_is_not_finite_is_found(parts):
    model, dataset, _ = parts
    tx = optax.chain(surgery.sum(), optax.sgd(1e30))
    with pytest.raises(training.NonFiniteLossError):
        training.train_seeds(model, dataset, tx, seeds=SEEDS, together=True, **SIZE)


def test_one_program_is_compiled_once(parts, caplog):
    with jax.log_compiles(), caplog.at_level('WARNING'):
        training.train_seeds(*parts, seeds=SEEDS, together=True, **SIZE | {'steps': 16})
    compiled = [
        r.message for r in caplog.records if 'Compiling' in r.message and 'many' in r.message
    ]
    assert len(compiled) == 1


def test_a_single_seed_is_not_vmapped(parts, monkeypatch):
    """Its program is a plain scan of steps, also where `train_seeds` gets one seed."""
    jaxprs, compile_for = [], _parallel.Jit.compile

    def recording(strategy, fn):
        compiled = compile_for(strategy, fn)

        def call(*args):
            jaxprs.append(without_addresses(jax.make_jaxpr(fn)(*args)))
            jaxprs.append(without_addresses(jax.make_jaxpr(many)(*args)))
            return compiled(*args)

        return call

    step = training.train_step(parts[0], parts[1].tasks, parts[2])

    def many(state, data, rows):
        def one(state, row):
            return step.update(state, jax.tree.map(lambda leaf: leaf[row], data))

        return jax.lax.scan(one, state, rows)

    monkeypatch.setattr(_parallel.Jit, 'compile', recording)
    training.train(*parts, **SIZE)
    training.train_seeds(*parts, seeds=(0,), together=True, **SIZE)
    assert len(set(jaxprs)) == 1


def without_addresses(jaxpr):
    return re.sub(r'0x[0-9a-f]+', '', str(jaxpr))
