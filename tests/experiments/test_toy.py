"""The toy problems at full length against known answers, and their program."""

import csv
import functools
import importlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import toy2d
from experiments.program import UsageError
from experiments.toy import problems, results
from experiments.toy import run as toy_run
from experiments.toy.setup import read_setup
from tests.experiments.programs import start

SMALL = {'steps': 40, 'keep_every': 20}

# Per method: the starts from which it reaches the front whatever the rounding (the crossing of a
# valley amplifies it: 1e-12 at the start decides whether some others arrive in time), and the
# losses at those ends that rounding does not move.
ALL = (0, 1, 2, 3, 4)
LEAST_SUM = dict.fromkeys(ALL, (-0.3798, -19.8275))
MIDDLE = {1: (-1.5092, -15.0916)}
FIVE_STARTS = {
    'nash': {
        'ls': ((1, 3, 4), LEAST_SUM),
        'mgda': (ALL, {}),
        'mgda_as_published': ((1, 2, 3, 4), {3: (-0.7481, -19.1981)}),
        'pcgrad': ((0, 1, 3, 4), {1: (-0.9283, -18.6573), 3: (-0.8294, -18.9768)}),
        'cagrad': ((1, 3, 4), LEAST_SUM),
        'nash_mtl': (ALL, MIDDLE),
        'imtl_g': ((1, 2, 3, 4), MIDDLE | {3: (-0.9195, -18.6882)}),
        'famo': (ALL, {1: (-1.5171, -15.0120), 3: (-1.3271, -16.6254)}),
        'rlw': ((1, 3, 4), {}),
    },
    'famo': {
        'ls': ((1, 3, 4), LEAST_SUM),
        'mgda': (ALL, {}),
        'mgda_as_published': (ALL, {3: (-0.7483, -19.1978)}),
        'pcgrad': (ALL, {1: (-0.9337, -18.6384), 3: (-0.8580, -18.8902)}),
        'cagrad': (ALL, LEAST_SUM),
        'nash_mtl': (ALL, MIDDLE),
        'imtl_g': (ALL, MIDDLE | {3: (-0.9195, -18.6881)}),
        'famo': (ALL, {1: (-1.5199, -14.9826), 3: (-1.3670, -16.3321)}),
    },
}
QUICK = {'nash': ('pcgrad', 'nash_mtl'), 'famo': ('famo',)}
CASES = [
    pytest.param(
        variant,
        name,
        *expected,
        id=f'{variant}-{name}',
        marks=[] if name in QUICK[variant] else [pytest.mark.exhaustive],
    )
    for variant, methods in FIVE_STARTS.items()
    for name, expected in methods.items()
]


@functools.cache
def setup(variant):
    return read_setup(toy2d.get_config(variant))


@functools.cache
def run(variant, method):
    return toy_run.run(setup(variant), method)


def small(**changes):
    config = toy2d.get_config()
    with config.unlocked(), config.ignore_type():
        config.update_from_flattened_dict(SMALL | changes)
    return config


@pytest.mark.parametrize(
    ('method', 'arrived'),
    [
        ('gd', [False, True, False]),
        pytest.param('mgda', [True, True, True], marks=pytest.mark.exhaustive),
        pytest.param('mgda_as_published', [True, True, True], marks=pytest.mark.exhaustive),
        pytest.param('pcgrad', [True, True, True], marks=pytest.mark.exhaustive),
        ('cagrad', [True, True, True]),
    ],
)
def test_descent_sticks_twice_and_the_others_arrive(method, arrived):
    assert run('cagrad', method).arrived.tolist() == arrived


@pytest.mark.parametrize(('method', 'starts'), [('cagrad', [0, 1, 2]), ('gd', [1])])
def test_the_least_mean_loss_is_found(method, starts):
    ends = run('cagrad', method).losses[starts, -1]
    np.testing.assert_allclose(ends.mean(axis=-1), -15.09164, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ends, np.full_like(ends, -15.09164), rtol=0, atol=1e-3)


@pytest.mark.parametrize(('variant', 'method', 'arrives', 'losses'), CASES)
def test_five_starts(variant, method, arrives, losses):
    result = run(variant, method)
    assert result.arrived[list(arrives)].all()
    for index in set(losses) & set(arrives):
        np.testing.assert_allclose(result.losses[index, -1], losses[index], rtol=0, atol=1e-3)


def test_uncertainty_never_arrives_with_negative_losses():
    assert not run('nash', 'uw').arrived.any()


def test_every_method_is_looked_at():
    assert set(setup('nash').methods) == {*FIVE_STARTS['nash'], 'uw'}
    assert set(setup('famo').methods) == set(FIVE_STARTS['famo'])
    assert set(setup('front').methods) == {'linear', 'mgda', 'stch'}


def test_linear_weights_end_at_the_extremes_of_a_concave_front():
    result = run('front', 'linear')
    assert np.mean(result.losses[:, -1].min(axis=1) < 0.01) >= 0.95


def test_mgda_ends_in_the_middle_of_the_front():
    result = run('front', 'mgda')
    assert result.arrived.all()
    assert ((result.losses[:, -1] > 0.4) & (result.losses[:, -1] < 0.8)).all()


def test_a_smooth_maximum_ends_on_the_rays():
    result = run('front', 'stch')
    assert result.arrived.all()
    errors = results.angle_errors(setup('front').methods['stch'], result)
    assert errors.shape == (100,)
    assert errors.max() < 5


def test_gradients_where_the_two_halves_of_the_plane_meet():
    with jax.enable_x64(True):
        rows = jax.jacobian(problems.valley().losses)(jnp.zeros(2))
    np.testing.assert_allclose(rows, [[0, 10.856381]] * 2, atol=1e-6)


@pytest.mark.parametrize('problem', [problems.valley(), problems.fonseca()])
def test_on_the_pareto_set_the_gradients_are_opposed(problem):
    with jax.enable_x64(True):
        rows = np.asarray(jax.vmap(jax.jacobian(problem.losses))(problem.pareto[1:-1]))
    units = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    np.testing.assert_allclose(units.sum(axis=1), 0 * units[:, 0], atol=1e-6)


def test_float32_runs():
    result = toy_run.run(read_setup(small(dtype='float32'), ['cagrad']), 'cagrad')
    assert result.points.shape == (3, 3, 2)
    assert np.array_equal(result.points, result.points.astype(np.float32))
    assert jnp.zeros(1).dtype == jnp.float32


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'steps': 41}, 'multiple of config.keep_every'),
        ({'keep_every': 0}, 'Found steps = 40, keep_every = 0'),
        ({'dtype': 'float16'}, "Found 'float16'"),
        ({'starts': ((1.0, 2.0, 3.0),)}, r'points \[R, 2\]'),
        ({'starts': 7}, r'points \[R, 2\]'),
        ({'problem.fn': 'experiments.toy.problems:hill'}, 'config.problem.fn'),
        ({'problem.fn': 'builtins:dict'}, 'should make a Problem'),
        ({'methods.gd.surgery.fn': 'mtljax.surgery:maen'}, 'config.methods.gd.surgery.fn'),
        ({'methods.gd.clip': -1.0}, 'config.methods.gd.clip'),
        ({'methods.gd.weighting.fn': 'mtljax.weighting:constant'}, 'config.methods.gd.weighting'),
        ({'methods.gd.each': ((1.0, 1.0),)}, 'one row per start, 3. Found 1'),
    ],
)
def test_a_config_that_cannot_run_says_which_field(changes, said):
    with pytest.raises(UsageError, match=said):
        read_setup(small(**changes))


def test_a_method_that_refuses_the_problem_is_named():
    made = read_setup(small(**{'methods.gd.surgery.fn': 'mtljax.surgery:moco'}), ['gd'])
    with pytest.raises(UsageError, match=r'config.methods.gd: .*num_tasks'):
        toy_run.run(made, 'gd')


def test_a_training_config_is_no_toy():
    config = importlib.import_module('configs.digits').get_config()
    with pytest.raises(UsageError, match='a toy problem should have the fields'):
        read_setup(config)


@pytest.mark.parametrize(
    ('flags', 'said'),
    [
        (('--methods=gd,sgd',), "gd, mgda, mgda_as_published, pcgrad, cagrad. Found ['sgd']"),
        (('--config=configs/toy2d.py:nothing',), 'variants cagrad, nash, famo and front'),
    ],
)
def test_bad_flags_are_one_line_and_code_2(flags, said, tmp_path):
    done = start('toy', *flags, f'--workdir={tmp_path}')
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.exhaustive
def test_the_program_writes_tables_paths_and_a_figure(tmp_path):
    lengths = [f'--config.{name}={value}' for name, value in SMALL.items()]
    done = start('toy', '--methods=cagrad,gd', *lengths, f'--workdir={tmp_path}')
    assert done.returncode == 0, done.stderr
    names = ['table.md', 'table.csv', 'results.json', 'trajectories.npz', 'trajectories.png']
    assert done.stdout.split()[-5:] == [str(tmp_path / name) for name in names]
    assert {path.name for path in tmp_path.iterdir()} == {'config.json', 'starts.jsonl', *names}
    rows = list(csv.reader((tmp_path / 'table.csv').read_text().splitlines()))
    assert [row[0] for row in rows] == ['method', 'cagrad', 'gd']
    result = json.loads((tmp_path / 'results.json').read_text())['methods']['gd']
    assert result['on_front'] == [False] * 3
    paths = np.load(tmp_path / 'trajectories.npz')
    assert paths['steps'].tolist() == [0, 20, 40]
    np.testing.assert_array_equal(paths['gd/points'][:, -1], result['ends'])
    assert (tmp_path / 'trajectories.png').stat().st_size > 10_000
    again = start('toy', '--methods=gd', *lengths, f'--workdir={tmp_path}')
    assert again.returncode == 2
    assert 'belongs to another config' in again.stderr
