"""What installs, and what an import costs."""

import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mtljax

ROOT = Path(__file__).parents[1]


def test_import_is_quick():
    """Beyond the packages that it stands on; processor time, since others may use the cores."""
    code = (
        'import time, jax, flax.linen, optax; begin = time.process_time(); '
        'import mtljax; print(time.process_time() - begin)'
    )
    run = [sys.executable, '-c', code]
    found = subprocess.run(run, check=True, cwd=ROOT, capture_output=True, text=True)
    assert float(found.stdout) < 2


def test_serving_imports_nothing_that_only_training_needs():
    heavy = ('orbax', 'grain', 'matplotlib', 'sklearn')
    code = f'import sys, mtljax.serving; print([x for x in {heavy} if x in sys.modules])'
    run = [sys.executable, '-c', code]
    found = subprocess.run(run, check=True, cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == '[]\n'


def test_the_wheel_holds_the_library_alone(tmp_path):
    for name in ('mtljax', 'pyproject.toml', 'setup.cfg', 'README.md', 'LICENSE', 'tests'):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    build = [sys.executable, '-m', 'build', '--wheel', '--outdir', 'dist']
    subprocess.run(build, check=True, cwd=tmp_path, capture_output=True)
    (wheel,) = (tmp_path / 'dist').glob('*.whl')
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split('/')[0].split('-')[0] for name in names} == {'mtljax'}
    assert {'mtljax/py.typed', 'mtljax/serving/_service/page.html'} < set(names)
    inside = {str(path.relative_to(ROOT)) for path in (ROOT / 'mtljax').rglob('*.py')}
    assert {name for name in names if name.endswith('.py')} == inside


def test_the_oldest_versions_are_the_lower_bounds():
    oldest = runpy.run_path(str(ROOT / 'constraints' / 'oldest.py'))['oldest']
    assert (ROOT / 'constraints' / 'oldest.txt').read_text() == oldest()


@pytest.mark.parametrize(
    ('file', 'pattern'),
    [('CHANGELOG.md', r'^## \[(.+?)\] - '), ('CITATION.cff', r'^version: (.+)$')],
)
def test_files_name_the_version(file, pattern):
    assert re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)[0] == mtljax.__version__


def test_actions_are_pinned():
    workflow = (ROOT / '.github' / 'workflows' / 'ci.yml').read_text()
    actions = re.findall(r'uses: (\S+)', workflow)
    assert len(actions) == 6
    assert all(re.fullmatch(r'actions/[\w-]+@[0-9a-f]{40}', action) for action in actions)
