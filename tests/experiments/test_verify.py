"""The program that checks the files of a run."""

import shutil

import pytest

from tests.experiments.programs import start
from tests.experiments.test_earlier import EARLIER


@pytest.mark.exhaustive
def test_a_folder_of_before_and_a_damaged_file(tmp_path):
    folder = tmp_path / 'run'
    shutil.copytree(EARLIER / 'run', folder)
    done = start('verify', f'--workdir={folder}')
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == sum(path.is_file() for path in folder.rglob('*'))
    assert f'whole     {folder}/config.json' in lines
    assert any(line.startswith('unchecked') and '/checkpoints/10/state/' in line for line in lines)
    (folder / 'config.json').write_text('{"seed": ')
    done = start('verify', f'--workdir={folder}')
    assert done.returncode == 1
    assert f'damaged   {folder}/config.json' in done.stdout
    for flag in ([], [f'--workdir={tmp_path}/nowhere']):
        done = start('verify', *flag)
        assert done.returncode == 2
        assert 'folder of a run' in done.stderr
