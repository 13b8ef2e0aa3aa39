"""The programs, as a user starts them."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from tests.experiments.programs import ENVIRONMENT, ROOT, start

SMALL = (
    '--config.data.train=512',
    '--config.train.steps=20',
    '--config.train.log_every=10',
    '--config.train.eval_every=10',
    '--config.train.batch_size=32',
    '--config.data.validation=64',
    '--config.data.test=64',
    '--config.backbone.widths=16,',
)


def from_shell(program, *flags):
    command = [sys.executable, '-m', f'experiments.{program}', *flags]
    environment = os.environ | ENVIRONMENT
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize(
    'program',
    [
        'train',
        'compare',
        'sweep',
        'convert',
        'data',
        'find_learning_rate',
        'shop',
        'benchmark',
        'export',
        'fuzz.service',
        'list',
        'predict',
        'selfcheck',
        'serve',
        'toy',
        'forecast',
        'text_entry',
    ],
)
def test_help_names_the_flags(program):
    done = start(program, '--help')
    assert done.returncode == 0
    assert f'python -m experiments.{program}' in done.stdout
    assert 'Flags:\n  --' in done.stdout


@pytest.mark.parametrize(
    ('flag', 'said'),
    [
        ('--config=configs/missing.py', 'configs/missing.py'),
        ('--config=configs/digits.py:nothing', 'variants independent, pcgrad'),
        ('--config.train.batch=3', "'batch'"),
        ('--config.surgery.fn=mtljax.surgery:pcgard', "Did you mean 'mtljax.surgery:pcgrad'"),
        ('--colour=red', "'colour'"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_code_2(flag, said, tmp_path):
    done = start('train', flag, f'--workdir={tmp_path}')
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr


def test_train_writes_resumes_and_guards_its_folder(tmp_path):
    folder = tmp_path / 'run'
    done = from_shell('train', f'--workdir={folder}', *SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / 'curves.png')
    lines = [line for line in done.stdout.splitlines() if line.startswith('digits: step')]
    assert [line.split(',')[0] for line in lines] == [f'digits: step {n} of 20' for n in (10, 20)]
    assert '\x1b' not in done.stdout + done.stderr
    files = {path.name.split('.')[0] for path in folder.iterdir()}
    own = {'config', 'run', 'starts', 'metrics', 'summary', 'curves', 'checkpoints', 'events'}
    assert files == own
    first = json.loads((folder / 'summary.json').read_text())
    assert first['parameters'] == 100 * 16 + 16 + 2 * (16 * 10 + 10)
    again = start('train', f'--workdir={folder}', *SMALL)
    assert json.loads((folder / 'summary.json').read_text())['test'] == first['test']
    assert again.returncode == 0
    lines = [json.loads(line) for line in (folder / 'starts.jsonl').read_text().splitlines()]
    assert [line['config'] for line in lines] == ['configs/digits.py'] * 2
    assert lines[0]['command'] == lines[1]['command']
    assert lines[0]['command'].startswith('python -m experiments.train --config=configs/digits')
    assert '--config.backbone.widths=16,' in lines[0]['command']
    assert lines[0]['versions']['mtljax'] == first['versions']['mtljax']
    changes = '--config.seed=1', '--prefer=memory'
    other = start('train', f'--workdir={folder}', *SMALL, *changes)
    assert other.returncode == 2
    assert 'seed: 0 there, 1 here' in other.stderr
    assert "train.prefer: None there, 'memory' here" in other.stderr


@pytest.mark.exhaustive
def test_compare_keeps_what_it_trained(tmp_path):
    flags = ('compare', f'--workdir={tmp_path}', '--seeds=1', *SMALL)
    done = start(*flags)
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / 'table.md').read_text().splitlines()
    methods = [row.split('|')[1].strip() for row in rows if row.startswith('|')]
    assert methods[2:5] == ['single-task', 'hard', 'hard + pcgrad']
    assert len(list((tmp_path / 'runs').iterdir())) == 4
    assert str(tmp_path / 'curves.png') in done.stdout.splitlines()
    assert str(tmp_path / 'report.html') in done.stdout.splitlines()
    again = start(*flags)
    assert again.stdout.startswith('4 of 4 runs are there already.')
    assert (tmp_path / 'table.md').read_text().splitlines() == rows
    assert '<pre class="command" tabindex' in (tmp_path / 'report.html').read_text()
    commands = [shlex.split(line) for line in again.stdout.splitlines()[-2:]]
    assert commands == [shlex.split(line) for line in done.stdout.splitlines()[-2:]]
    for _, _, program, *others in commands:
        followed = start(program.removeprefix('experiments.'), *others)
        assert followed.returncode == 0, followed.stderr
    assert (tmp_path / 'predictions.npz').exists()
    assert (tmp_path / 'model.zip').exists()


@pytest.mark.exhaustive  # each starts many programs
@pytest.mark.parametrize(
    ('flags', 'said'),
    [
        (('resume', '--steps=400', '--kills=4'), 'trainings ended with the same bits'),
        (('compare', '--steps=400', '--kills=2'), 'and the table is the same'),
        (('faults', '--steps=400', '--corruptions=3', '--full=2'), 'two runs in one folder'),
    ],
    ids=['resume', 'compare', 'faults'],
)
def test_stops_and_faults(flags, said):
    suite, *others = flags
    done = start('selfcheck', f'--suite={suite}', '--seed=1', *others)
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout


def test_the_programs_are_listed():
    done = from_shell('__main__')
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.partition('\n\n')[0].splitlines()]
    folders = {path.parent.name for path in (ROOT / 'experiments').glob('*/__main__.py')}
    assert set(names) == folders | {'shop', 'train'}
    assert names == sorted(names)
