"""CONTRIBUTING.md, followed to the letter in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ('mtljax', 'tests', 'experiments', 'configs', 'docs')
FILES = ('conftest.py', 'pyproject.toml', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md')


class Edit(NamedTuple):
    """One block of the page: a new file, an export, or lines that go into a table."""

    path: str
    place: str
    text: str


# What each section must make pass.
ROWS = {
    'surgery': ['tests/surgery', '-k', 'inverse_norm or every_method_and_wrapper'],
    'sharing scheme': ['tests/sharing/test_sharing.py', '-k', '[scaled'],
    'data set': ['tests/data/test_line.py'],
    'backbone or a head': ['tests/backbones/test_backbones.py', '-k', 'narrow'],
}


@pytest.mark.exhaustive
def test_the_checks_for_methods_outside_the_repository_run():
    page = (ROOT / 'CONTRIBUTING.md').read_text()
    (block,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    exec(compile(block, 'CONTRIBUTING.md', 'exec'), {})


def edits(section):
    """The edits of one section, in the order of the page."""
    page = (ROOT / 'CONTRIBUTING.md').read_text()
    text = page.split(f'## Add a {section}\n')[1].split('\n## ')[0]
    blocks = re.findall(r'```\w+ title="([^",]+)(?:, ([^"]+))?"\n(.*?)```', text, re.DOTALL)
    return [Edit(*block) for block in blocks]


def apply(edit, folder):
    """Make one edit in the copy."""
    path = folder / edit.path
    if not path.exists():
        path.write_text(edit.text)
        return
    lines = path.read_text().splitlines(keepends=True)
    if edit.place.startswith('in '):
        starts = (f'{edit.place[3:]} = ', f'{edit.place[3:]}: ')
        index = next(i for i, line in enumerate(lines) if line.startswith(starts)) + 1
    elif edit.place.startswith('after the row of '):
        name = edit.place.removeprefix('after the row of ')
        index = next(i for i, s in enumerate(lines) if s.startswith('|') and name in s) + 1
    else:
        index = next(i for i, line in enumerate(lines) if line.startswith('__all__'))
    lines.insert(index, edit.text)
    path.write_text(''.join(lines))


@pytest.mark.exhaustive
@pytest.mark.parametrize('section', ROWS)
def test_an_addition_as_the_page_says(section, tmp_path):
    for name in FOLDERS:
        skipped = shutil.ignore_patterns('__pycache__', '*.png', '*.svg')
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    made = edits(section)
    assert len(made) >= 4
    for edit in made:
        apply(edit, tmp_path)
    python = [edit.path for edit in made if edit.path.endswith('.py')]
    run([sys.executable, '-m', 'ruff', 'check', '--fix', '--quiet', *python], tmp_path)
    run([sys.executable, '-m', 'ruff', 'format', '--quiet', *python], tmp_path)
    tests = ['tests/test_layers.py::test_public_names_are_listed_and_sorted']
    if any(edit.path == 'README.md' for edit in made):
        tests.append(
            'tests/test_docs.py::test_the_table_names_everything_that_exists_and_nothing_else'
        )
    common = [sys.executable, '-m', 'pytest', '-q', '-n', '0', '-p', 'no:cacheprovider']
    run([*common, *tests], tmp_path)
    assert re.search(r'\d+ passed', run([*common, *ROWS[section]], tmp_path))


def run(command, folder):
    """Run a command in the copy, whose package is imported, and show its output where it fails."""
    settings = {**os.environ, 'PYTHONPATH': str(folder)}
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
