"""A signal stops a program after a checkpoint; two programs never share a folder."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from mtljax import files
from mtljax.training import read_rows
from tests.experiments.programs import ENVIRONMENT, ROOT, start

SMALL = (
    '--config=configs/digits.py',
    '--config.data.train=256',
    '--config.data.validation=64',
    '--config.data.test=64',
    '--config.backbone.widths=(8,)',
    '--config.train.batch_size=16',
    '--config.train.log_every=10',
    '--config.train.eval_every=400',
)


def running(*flags):
    command = [sys.executable, '-m', *flags]
    environment = {**os.environ, **ENVIRONMENT}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def wait_for(happened, seconds=120):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.exhaustive
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT], ids=['term', 'int'])
def test_training_stops_and_goes_on(tmp_path, number):
    folder = tmp_path / 'run'
    flags = (*SMALL, '--config.train.steps=1000', f'--workdir={folder}')
    process = running('experiments.train', *flags)
    wait_for(lambda: read_rows(folder / 'metrics.jsonl'))
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    (line,) = [line for line in said.splitlines() if 'stopped' in line]
    step = int(line.split('after step ')[1].split('.')[0])
    assert line.endswith('Start the same command again to continue.')
    assert (folder / 'checkpoints' / str(step)).is_dir()
    assert step % 10 == 0
    done = start('train', *flags)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / 'summary.json').read_text())['best_step'] > 0


@pytest.mark.exhaustive
def test_a_comparison_stops_and_goes_on(tmp_path):
    flags = (*SMALL, '--config.train.steps=3000', '--surgery=sum', '--seeds=2')
    process = running('experiments.compare', *flags, f'--workdir={tmp_path}')

    def runs():
        return {path.name for path in tmp_path.glob('runs/[!.]*.json')}

    wait_for(runs)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    kept = runs()
    done = start('compare', *flags, f'--workdir={tmp_path}')
    assert done.returncode == 0, done.stderr
    assert kept < runs()


@pytest.mark.exhaustive
def test_a_second_signal_ends_at_once(tmp_path):
    flags = (*SMALL, '--config.train.steps=100000', '--config.train.log_every=50000')
    flags += ('--config.train.eval_every=50000', f'--workdir={tmp_path / "run"}')
    process = running('experiments.train', *flags)
    wait_for(lambda: (tmp_path / 'run' / 'metrics.jsonl').exists())
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.exhaustive
def test_a_second_run_on_the_same_folder_is_refused(tmp_path):
    folder = tmp_path / 'run'
    flags = (*SMALL, '--config.train.steps=100000', f'--workdir={folder}')
    process = running('experiments.train', *flags)
    wait_for(lambda: read_rows(folder / 'metrics.jsonl'))
    second = start('train', *flags)
    assert second.returncode == 2
    assert f'Found process {process.pid} on' in second.stderr
    process.kill()
    process.communicate()
    assert (folder / '.lock').exists()
    with files.locked(folder):
        pass
