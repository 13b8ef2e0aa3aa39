"""Folders that version 0.1.0 wrote, before programs became folders, still open and continue."""

import ast
import hashlib
import importlib
import json
import re
import shutil

import pytest
from ml_collections import ConfigDict

from experiments import program
from mtljax.build import current_names, former_names
from tests.experiments.programs import ROOT, start

EARLIER = ROOT / 'tests' / 'fixtures' / 'earlier'
HASHES = json.loads((EARLIER / 'configs.json').read_text())
SMALL = (
    '--config=configs/digits.py:pcgrad',
    '--config.data.train=64',
    '--config.data.validation=16',
    '--config.data.test=16',
    '--config.backbone.widths=(4,)',
    '--config.train.batch_size=16',
    '--config.train.log_every=5',
    '--config.train.eval_every=10',
    '--config.train.steps=20',
)


@pytest.mark.parametrize('name', HASHES)
def test_configs_are_hashed_as_before(name):
    """Runs are found by a hash of their config."""
    file, _, variant = name.partition(':')
    config = importlib.import_module(f'configs.{file}').get_config(variant)
    if 'stratify' in config.get('data', ()):
        config.data.stratify = False  # earlier versions did not know the option
    text = config.to_json()
    before = json.dumps(former_names(json.loads(text)))
    assert hashlib.sha256(before.encode()).hexdigest()[:16] == HASHES[name]


def test_every_config_and_variant_has_a_hash():
    for path in (ROOT / 'configs').glob('*.py'):
        if path.name != 'common.py':
            text = ast.get_docstring(ast.parse(path.read_text()))
            for variant in re.findall(r':([a-z_0-9]+)\b', text.split('Variants:')[1]):
                assert f'{path.stem}:{variant}' in HASHES


@pytest.mark.exhaustive
def test_a_run_goes_on(tmp_path):
    """It was interrupted after the checkpoint of step 10 of 20."""
    folder = tmp_path / 'run'
    shutil.copytree(EARLIER / 'run', folder)
    done = start('train', *SMALL, f'--workdir={folder}')
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / 'summary.json').read_text())
    expected = json.loads((EARLIER / 'run_summary.json').read_text())
    assert summary['best_step'] == expected['best_step']
    for split in ('validation', 'test', 'test_of_constant'):
        for task, row in expected[split].items():
            assert summary[split][task] == pytest.approx(row, rel=1e-4)
    rows = (folder / 'metrics.jsonl').read_text().splitlines()
    assert rows[:3] == (EARLIER / 'run' / 'metrics.jsonl').read_text().splitlines()
    assert json.loads(rows[-1])['step'] == 20


def test_a_comparison_trains_only_its_best_row_again(tmp_path):
    folder = tmp_path / 'compare'
    shutil.copytree(EARLIER / 'compare', folder)
    runs = sorted(path.name for path in (folder / 'runs').iterdir())
    flags = ('--surgery=sum,pcgrad', '--seeds=2', f'--workdir={folder}')
    done = start('compare', *SMALL, *flags)
    assert done.returncode == 0, done.stderr
    assert '8 of 8 runs are there already' in done.stdout
    assert sorted(path.name for path in (folder / 'runs').iterdir()) == runs
    (method,) = {
        json.loads(path.read_text())['method'] for path in folder.glob('best/seed-*/summary.json')
    }
    trained = [line for line in done.stdout.splitlines() if 'step 20 of 20' in line]
    assert {line.split(',')[0].split(':')[0] for line in trained} == {method}
    before = json.loads((EARLIER / 'compare' / 'results.json').read_text())
    now = json.loads((folder / 'results.json').read_text())
    assert len(now.pop('notes')) == len(before.pop('notes'))  # their words may change
    assert now.pop('found')
    assert now == before


def test_a_folder_whose_config_names_a_renamed_module(tmp_path):
    shutil.copytree(EARLIER / 'toy', tmp_path / 'toy')
    (tmp_path / 'toy' / 'results.json').write_text('{}')
    config = json.loads((EARLIER / 'toy' / 'config.json').read_text())
    assert current_names(config) != config
    program.claim(tmp_path / 'toy', ConfigDict(current_names(config)))
    config['config']['steps'] += 1
    with pytest.raises(program.UsageError, match=r'config\.steps: 10 there, 11 here'):
        program.claim(tmp_path / 'toy', ConfigDict(current_names(config)))
