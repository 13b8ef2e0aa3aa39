"""A run of one scheme becomes a run of another, and trains on."""

import importlib.util
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import orbax.checkpoint as ocp
import pytest
from ml_collections import ConfigDict

from experiments import build, program
from experiments.convert import write
from experiments.convert.conversion import convert
from experiments.convert.move import Moved
from experiments.convert.request import Request
from experiments.program import UsageError
from tests.experiments.programs import start
from tests.helpers import assert_close, assert_same

ROOT = Path(__file__).parents[2]
CONFIG = {
    'seed': 0,
    'data': {'fn': 'mtljax.data:digits', 'train': 64, 'validation': 16, 'test': 16},
    'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': [8]},
    'sharing': {'fn': 'mtljax.sharing:hard'},
    'weighting': {'fn': 'mtljax.weighting:equal'},
    'surgery': {'fn': 'mtljax.surgery:sum'},
    'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-2},
    'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss', 'higher_is_better': True},
    'train': {'steps': 6, 'batch_size': 16, 'log_every': 2, 'eval_every': 2},
    'methods': {'mmoe': {'sharing': {'num_experts': 2, 'gate_dropout': 0.5}}},
}


def files_in(folder):
    files = [path for path in folder.rglob('*') if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def train_on(workdir):
    """What ``experiments.train --config=DIR/config.py --workdir=DIR`` does."""
    spec = importlib.util.spec_from_file_location('config', workdir / 'config.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    program.claim(workdir, config)
    return build.train(build.setup(config), seed=config.seed, workdir=workdir)


def start_in(workdir):
    """The state that training in a folder starts from, as it was saved."""
    return ocp.StandardCheckpointer().restore(workdir / 'checkpoints' / '0' / 'state')


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A folder that training left; its worst loss counts as best, so that best is not newest."""
    folder = tmp_path_factory.mktemp('runs') / 'hard'
    config = ConfigDict(CONFIG)
    program.claim(folder, config)
    result = build.train(build.setup(config), seed=0, workdir=folder)
    assert result.best_step < 6
    return folder, result


@pytest.mark.exhaustive
def test_a_trunk_becomes_experts_that_train_on(run, tmp_path, capsys):
    folder, result = run
    before, target = files_in(folder), tmp_path / 'deep' / 'mmoe'
    options = ['sharing.num_experts=3', 'train.steps=4']
    command = convert(Request(folder, 'mmoe', target, options=options))
    assert files_in(folder) == before
    assert [path.name for path in target.parent.iterdir()] == ['mmoe']
    assert command == f'python -m experiments.train --config={target}/config.py --workdir={target}'
    scheme = {'fn': 'mtljax.sharing:mmoe', 'num_experts': 3, 'gate_dropout': 0.5}
    changed = CONFIG | {'sharing': scheme, 'train': CONFIG['train'] | {'steps': 4}}
    assert json.loads((target / 'config.json').read_text()) == changed
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    trunk, tops, gates = 100 * 8 + 8, 2 * (8 * 10 + 10), 2 * (100 * 3 + 3)
    counts = [f'{trunk + tops}', f'{(3 * trunk + tops + gates) / 1e3:.4g}k']
    assert [row[1] for row in said if row[:1] in (['hard'], ['mmoe'])] == counts
    results = [row[2:] for row in said if len(row) == 4 and row[0] in ('left', 'right')]
    assert len(results) == 4
    assert all(first == second for first, second in results)
    start = start_in(target)
    assert start['step'] == 0
    experts = start['params']['shared']['experts']
    for index in range(3):
        row = jax.tree.map(lambda leaf, index=index: leaf[index], experts)
        assert_same(row, result.best.params['shared'])
    assert_same(start['params']['task']['heads'], result.best.params['task']['heads'])
    assert not any(leaf.any() for leaf in jax.tree.leaves(optax.tree.get(start['opt_state'], 'nu')))
    again = train_on(target)
    assert again.state.step == 4
    moved = again.state.params['shared']['experts']['stage0']['Dense_0']['kernel']
    assert (moved[0] != moved[1]).any()


def test_towers_of_the_newest_are_stitched(run, tmp_path, capsys):
    """A run that a conversion made is one too, at step 0."""
    folder, result = run
    convert(Request(folder, 'soft', tmp_path / 'soft', newest=True))
    convert(
        Request(tmp_path / 'soft', 'cross_stitch', tmp_path / 'on', options=['sharing.own=0.7'])
    )
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    results = [row[2:] for row in said if len(row) == 4 and row[0] in ('left', 'right')]
    assert len(results) == 8
    assert all(first == second for first, second in results)
    params = start_in(tmp_path / 'on')['params']
    for index in range(2):
        row = jax.tree.map(lambda leaf, index=index: leaf[index], params['shared']['towers'])
        assert_same(row, result.state.params['shared'])
    assert_close(params['task']['units']['left'], jnp.array([0.7, 0.3]))


@pytest.mark.exhaustive  # three trainings of models that no other test compiles
def test_models_on_stored_features_and_scaled_losses(tmp_path, capsys):
    """The moved model has the same frozen stage and says the same."""
    more = {'frozen': 1, 'store_features': True, 'loss_scales': {'left': 9.0}}
    config = ConfigDict(CONFIG | more)
    config.backbone.widths = (8, 4)
    program.claim(tmp_path / 'hard', config)
    build.train(build.setup(config), seed=0, workdir=tmp_path / 'hard')
    convert(Request(tmp_path / 'hard', 'independent', tmp_path / 'apart'))
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    results = [row[2:] for row in said if len(row) == 4 and row[0] in ('left', 'right')]
    assert len(results) == 4
    assert all(first == second for first, second in results)
    train_on(tmp_path / 'apart')


def test_a_folder_is_written_whole_or_not_at_all(run, tmp_path, monkeypatch):
    def failing(path, text):
        raise OSError('disk full')

    monkeypatch.setattr(write, 'write_text', failing)
    config, results = ConfigDict(CONFIG), run[1].validation
    moved = Moved(config, build.setup(config), run[1].state, results, results)
    with pytest.raises(UsageError, match='cannot be written: disk full'):
        write.write(tmp_path / 'new', moved)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'scheme': 'hard'}, "should differ. Found 'hard'"),
        ({'scheme': 'ple'}, 'one of hard to soft, .*Found hard to ple'),
        ({'scheme': 'soft', 'noise': 0.1}, 'only experts take noise'),
        ({'scheme': 'soft', 'options': ['train.step=3']}, 'should be FIELD=VALUE'),
        ({'scheme': 'soft', 'options': ['train']}, 'should be FIELD=VALUE'),
        ({'scheme': 'soft', 'options': ['train.steps=many']}, "'steps'"),
        ({'scheme': 'soft', 'options': ['sharing.copies=3']}, 'copies'),
        ({'scheme': 'soft', 'options': ['sharing.fn=mtljax.sharing:ple']}, '--to names the sch'),
        ({'scheme': 'mmoe', 'options': ['backbone.widths=[9]']}, 'does not fit the new one'),
    ],
)
def test_what_cannot_be_converted(run, tmp_path, change, said):
    with pytest.raises(UsageError, match=said):
        convert(Request(**{'source': run[0], 'workdir': tmp_path / 'new', **change}))
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_used(run, tmp_path):
    with pytest.raises(UsageError, match='should be a new or an empty folder'):
        convert(Request(run[0], 'soft', run[0]))
    with pytest.raises(UsageError, match=r'work folder of a run of experiments\.train'):
        convert(Request(tmp_path, 'soft', tmp_path / 'new'))
    (tmp_path / 'config.json').write_text(json.dumps(CONFIG))
    with pytest.raises(UsageError, match='the folder of a run with a checkpoint'):
        convert(Request(tmp_path, 'soft', tmp_path / 'new'))


def test_the_program_says_what_it_wants():
    shown = start('convert', '--help')
    assert shown.returncode == 0
    assert 'python -m experiments.convert --from=WORKDIR' in shown.stdout
    assert 'Flags:\n  --' in shown.stdout
    refused = start('convert', '--from=runs/none', '--to=mmoe')
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith('Error: --from=WORKDIR, --to=SCHEME and ')
