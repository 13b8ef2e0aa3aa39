"""The documents say what is true: their code runs, their commands and names exist."""

import importlib
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import mtljax
from tests.helpers import sampled

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text()
HOWTO = (ROOT / 'docs' / 'howto.md').read_text()
DATA = (ROOT / 'docs' / 'data.md').read_text()
VISION = (ROOT / 'docs' / 'vision.md').read_text()
SHARING = (ROOT / 'docs' / 'sharing.md').read_text()
CONTRIBUTING = (ROOT / 'CONTRIBUTING.md').read_text()
OTHER_PAGES = {
    path.stem: path
    for path in [ROOT / 'docs' / 'index.md', *sorted((ROOT / 'docs' / 'concepts').glob('*.md'))]
}


def blocks(text):
    return re.findall(r'```python\n(.*?)```', text, re.DOTALL)


def test_the_readme_runs_from_top_to_bottom(capsys):
    scope = {}
    for block in blocks(README):
        exec(compile(block.replace('epochs=10', 'epochs=1'), 'README.md', 'exec'), scope)
    assert "'accuracy'" in capsys.readouterr().out
    assert int(scope['state'].step) == 78
    assert scope['houses'].train.size == 350


def test_the_table_names_everything_that_exists_and_nothing_else():
    rows = [row.split('|')[1:4] for row in README.splitlines() if row.startswith('| ')]
    named = set(re.findall(r'`([a-z_0-9]+)`', ' '.join(row[1] for row in rows)))
    for package in ('sharing', 'penalties', 'weighting', 'surgery', 'backbones', 'heads'):
        public = set(importlib.import_module(f'mtljax.{package}').__all__)
        assert {name for name in public if name.islower()} - {'transform'} <= named
    exported = set().union(*(vars(getattr(mtljax, package)) for package in mtljax.__all__))
    assert named - {'batched', 'loop', 'lean'} <= exported


def test_the_page_on_sharing_runs_and_names_every_scheme_and_penalty():
    scope = {}
    for block in blocks(SHARING):
        exec(compile(block, 'sharing.md', 'exec'), scope)
    assert scope['distance'] > 0
    towers = scope['state'].params['shared']['towers']['stage0']['Dense_0']['kernel']
    assert (towers == scope['single'][0]['task']['towers']['stage0']['Dense_0']['kernel']).all()
    named = set(re.findall(r'`([a-z_0-9]+)`', SHARING))
    public = [*mtljax.sharing.__all__, *mtljax.penalties.__all__]
    assert {name for name in public if name.islower()} <= named | {'multi_input'}


@pytest.mark.parametrize('name', sampled(OTHER_PAGES, ['index', 'shared']))
def test_the_page_runs_from_top_to_bottom(name, capsys):
    path = OTHER_PAGES[name]
    scope = {}
    for block in blocks(path.read_text()):
        exec(compile(block.replace('steps=300', 'steps=20'), str(path), 'exec'), scope)
    printed = capsys.readouterr().out
    if name == 'masks':
        assert "{'a': Array(True, dtype=bool), 'b': Array(False, dtype=bool)}" in printed
    if name == 'engines':
        np.testing.assert_allclose(list(scope['losses'].values()), scope['losses']['auto'], 1e-5)
    if name == 'shared':
        assert scope['reached']['task']['heads']['left']['Dense_0']['bias'] == [True, False]


def test_the_pages_of_the_api_name_everything_public():
    api = runpy.run_path(str(ROOT / 'docs' / 'scripts' / 'api.py'))
    pages = {name: api['page'](package) for name, package in api['packages']().items()}
    folders = {path.parent.name for path in (ROOT / 'mtljax').glob('[a-z]*/__init__.py')}
    assert folders - {'base'} < set(pages)  # mtljax itself exports the types of base
    for page, text in pages.items():
        module = importlib.import_module(f'mtljax.{page}'.replace('mtljax.mtljax', 'mtljax'))
        shown = set(re.findall(rf'^::: {module.__name__}\.(\w+)$', text, re.MULTILINE))
        packages = set(pages) if module is mtljax else set()
        assert shown == set(getattr(module, '__all__', shown)) - packages
        assert shown


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r'(\S+\.md)$', (ROOT / 'mkdocs.yml').read_text(), re.MULTILINE))
    pages = {str(path.relative_to(ROOT / 'docs')) for path in (ROOT / 'docs').rglob('*.md')}
    assert pages <= listed
    generated = {'contributing.md', 'changelog.md'}
    tutorials = {f'tutorials/{path.stem}.md' for path in (ROOT / 'docs').glob('tutorials/*.py')}
    assert listed - pages == generated | tutorials


@pytest.mark.exhaustive
def test_the_how_tos_run_from_top_to_bottom():
    scope = {}
    parts = blocks(HOWTO)
    for block in parts:
        exec(compile(block, 'howto.md', 'exec'), scope)
    assert len(parts[1].splitlines()) == 5
    assert len(parts[3].split('tx = ')[0].strip().splitlines()) < 15
    assert int(scope['state'].step) == 1
    assert scope['jax'].tree.all(scope['jax'].tree.map(lambda u: bool(u.any()), scope['updates']))


def test_the_page_on_advice_runs():
    scope = {}
    for block in blocks((ROOT / 'docs' / 'advise.md').read_text()):
        exec(compile(block.replace('steps=300', 'steps=20'), 'advise.md', 'exec'), scope)
    assert scope['found'].stages == ('stage0', 'stage1')


@pytest.mark.parametrize('command', sorted(set(re.findall(r'(?:    |; |`)make ([a-z-]+)', README))))
def test_make_targets_exist(command):
    assert re.search(rf'^{command}:', (ROOT / 'Makefile').read_text(), re.MULTILINE)


def test_documented_programs_exist():
    text = README + CONTRIBUTING + (ROOT / 'CHANGELOG.md').read_text()
    for program in re.findall(r'python -m experiments\.([a-z_]+)', text):
        assert any(
            (ROOT / 'experiments' / file).exists()
            for file in (f'{program}.py', f'{program}/__main__.py')
        )


@pytest.mark.exhaustive
def test_the_page_on_data_runs_and_names_every_loader(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    rooms = rng.integers(1, 6, 200)
    rows = [f'{r},{"ab"[r % 2]},{100 * r + i},{r > 3}' for i, r in enumerate(rooms)]
    rows[5] = rows[5].rsplit(',', 1)[0] + ','
    (tmp_path / 'houses.csv').write_text('\n'.join(['rooms,kind,price,sold', *rows]))
    monkeypatch.chdir(tmp_path)
    scope = {}
    for block in blocks(DATA):
        exec(compile(block, 'data.md', 'exec'), scope)
    assert list(scope['houses'].tasks) == ['price', 'sold']
    named = set(re.findall(r'`(?:data\.)?(\w+)', DATA))
    assert {name for name in mtljax.data.__all__ if name != 'ArraySplit'} <= named


@pytest.mark.exhaustive
def test_the_page_on_images_runs():
    scope = {}
    for block in blocks(VISION):
        exec(compile(block, 'vision.md', 'exec'), scope)
    for task, row in scope['results'].items():
        assert row == pytest.approx(scope['result'].test[task], rel=1e-4)
    for config in re.findall(r'`?(configs/\w+\.py)', VISION):
        assert (ROOT / config).exists()
