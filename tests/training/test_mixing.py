"""The log has the weights of gates and units."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import analysis, backbones, data, sharing, surgery, training
from mtljax.training._mixing import mixing_of
from tests.helpers import sampled

DIGITS = data.digits(train=64, validation=16, test=16)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-1))
SIZE = {'steps': 4, 'batch_size': 16, 'log_every': 2}
TASKS = ('left', 'right')
STARTS = ('gate_load/', 'gate_entropy/', 'unit/')


def mixed(row):
    return {name: value for name, value in row.items() if name.startswith(STARTS)}


def train(scheme, **options):
    model = scheme(backbones.mlp((8, 8)), DIGITS.heads)
    result = training.train(model, DIGITS, TX, **SIZE, **options)
    return result, [mixed(row) for row in result.history if 'loss/left' in row]


def expected(matrices):
    """The loads and units of `analysis.mixing`, with the names of the log."""
    values = {}
    for name, rows in matrices.items():
        owners = TASKS if len(rows) == 2 else ['all']
        for task, row in zip(owners, rows, strict=True):
            for at, value in enumerate(row):
                if name.startswith('units'):
                    unit = {'units stage0': 'stage0'}.get(name, 'last')
                    values[f'unit/{unit}/{task}~{TASKS[at]}'] = value
                else:
                    values[f'gate_load/{name.replace(" ", "_")}/{task}/expert{at}'] = value
    return values


def stitched(backbone, heads):
    return sharing.cross_stitch(backbone, heads, per_channel=True)


@pytest.mark.parametrize(
    ('scheme', 'parallel'),
    [
        (sharing.mmoe, 'jit'),
        (sharing.mmoe, 'pmap'),
        (sharing.omoe, 'jit'),
        (sharing.ple, 'jit'),
        (sharing.adatt, 'jit'),
        (sharing.cross_stitch, 'jit'),
        (stitched, 'pmap'),
    ],
)
def test_the_log_has_the_values_of_the_analysis(scheme, parallel):
    result, rows = train(scheme, parallel=parallel)
    found = expected(analysis.mixing(TASKS, result.state.params, result.state.state))
    assert found
    logged = {name: rows[-1].get(name) for name in found}
    assert logged == pytest.approx(found, abs=1e-4)
    others = set(rows[-1]) - set(found)
    assert all(name.startswith('gate_entropy/') for name in others)
    assert rows[0].keys() == rows[1].keys()
    assert rows[0] != rows[1]


def test_the_entropy_of_gates():
    result, rows = train(sharing.mmoe)
    gates = result.state.state['task']['gates']
    for task in TASKS:
        found = rows[-1][f'gate_entropy/gates/{task}']
        assert found == pytest.approx(float(gates[task]['entropy']) / np.log(8), rel=1e-5)
        assert 0 < found < 1


def test_schemes_without_gates_log_nothing():
    for scheme in (sharing.hard, sharing.nddr, sharing.sluice, sharing.mtan):
        assert train(scheme)[1] == [{}, {}]


@pytest.mark.parametrize('scheme', sampled([sharing.mmoe, sharing.cross_stitch], [sharing.mmoe]))
def test_seeds_in_one_program(scheme):
    model = scheme(backbones.mlp((8, 8)), DIGITS.heads)
    together, apart = (
        training.train_seeds(model, DIGITS, TX, seeds=(3, 5), together=choice, **SIZE)
        for choice in (True, False)
    )
    for one, other in zip(together, apart, strict=True):
        for row, expected_row in zip(one.history, other.history, strict=True):
            assert mixed(row) == pytest.approx(mixed(expected_row), abs=1e-4)
    first, second = (mixed(result.history[0]) for result in together)
    assert first
    assert first != second


def test_the_file_and_a_stream_have_the_same_values(tmp_path):
    _, rows = train(sharing.ple, stream=True, workdir=tmp_path)
    _, others = train(sharing.ple)
    written = [mixed(row) for row in training.read_rows(tmp_path / 'metrics.jsonl')]
    assert [row for row in written if row] == rows
    for row, other in zip(rows, others, strict=True):
        assert row == pytest.approx(other, abs=1e-4)


def state_of(tasks, gates, units=None):
    shared = {} if units is None else {'units': {'stage0': units}}
    state = {'shared': {}, 'task': {'gates': dict(zip(tasks, gates, strict=True))}}
    params = {'shared': shared, 'task': {}}
    whole = training.train_step(
        sharing.hard(backbones.mlp((4,)), DIGITS.heads), DIGITS.tasks, TX
    ).init(jax.random.key(0), DIGITS.train.example)
    return whole._replace(params=params, state=state)


def row_of(tasks, state):
    mixing = mixing_of(tasks, state)
    return mixing.row(jax.device_get(mixing.arrays(state)))


def test_many_tasks_and_experts_log_the_entropy_only():
    for count, experts, lists in ((8, 16, True), (9, 4, False), (2, 17, False)):
        tasks = [f't{at}' for at in range(count)]
        gate = {'load': jnp.full(experts, 1 / experts), 'entropy': jnp.log(experts)}
        units = jnp.eye(count)
        row = row_of(tasks, state_of(tasks, [gate] * count, units))
        entropies = {name for name in row if name.startswith('gate_entropy/')}
        assert [row[name] for name in entropies] == pytest.approx([1] * count, abs=1e-6)
        loads = [name for name in row if name.startswith('gate_load/')]
        assert len(loads) == (count * experts if lists else 0)
        units = [name for name in row if name.startswith('unit/')]
        assert len(units) == (count**2 if count <= 8 else 0)


def test_other_things_named_load_are_left_out():
    loads = [{'load': jnp.ones(2)}, {'load': jnp.ones(3)}]
    assert row_of('ab', state_of('ab', loads)) == {}
    loads = [{'load': jnp.ones((2, 2, 2, 2))}] * 2
    assert row_of('ab', state_of('ab', loads)) == {}
    loads = [{'load': jnp.ones(2) / 2}] * 2
    assert set(row_of('ab', state_of('ab', loads)).values()) == {0.5}
