"""The folder of a comparison, where programs expect the folder of a run."""

import pytest

from experiments.program import UsageError, refuse_comparison, runs_inside
from tests.experiments.programs import start


@pytest.fixture
def comparison(tmp_path):
    """The files of a comparison by which it is known."""
    for name in ('runs/hard.json', 'config.json', 'best/seed-10/config.json'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{}')
    for name in ('seed-2', 'seed-10', '.seed-3'):
        (tmp_path / 'best' / name).mkdir(exist_ok=True)
        (tmp_path / 'best' / name / 'summary.json').write_text('{}')
    (tmp_path / 'best' / 'seed-4').mkdir()  # half removed
    return tmp_path


def test_the_runs_inside(comparison, tmp_path):
    right = [comparison / 'best' / name for name in ('seed-2', 'seed-10')]
    assert runs_inside(comparison) == runs_inside(comparison / 'best') == right
    assert runs_inside(right[0]) is None
    assert runs_inside(tmp_path / 'missing') is None
    (comparison / 'checkpoints').mkdir()
    assert runs_inside(comparison) is None


def test_a_comparison_without_a_run(comparison):
    (comparison / 'best').rename(comparison / 'other')
    with pytest.raises(UsageError, match='has kept no run yet'):
        refuse_comparison(comparison, '--workdir', 'predict')


def test_programs_name_the_runs(comparison):
    first, folder = comparison / 'best' / 'seed-2', f'--workdir={comparison}'
    new, out = comparison / 'config.json', comparison / 'out'
    commands = {
        ('predict', folder, f'--input={new}', f'--output={out}.csv'): f'predict --workdir={first}',
        ('export', folder, f'--output={out}.zip'): f'export --workdir={first}',
        ('convert', f'--from={comparison}', '--to=soft', f'--workdir={out}'): f'--from={first}',
        ('serve', f'--model={comparison}'): f'export --workdir={first} --output=model.zip',
        ('serve', f'--model={first}'): f'export --workdir={first} --output=model.zip',
    }
    for command, said in commands.items():
        done = start(*command)
        assert done.returncode == 2
        assert said in done.stderr
        assert not list(comparison.glob('out*'))
