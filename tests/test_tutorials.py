"""The tutorials run, and show what they say."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / 'docs' / 'tutorials'


@pytest.fixture(scope='module')
def tables():
    """What the ``main`` of every tutorial returns, by its name."""
    found = {}
    for path in sorted(FOLDER.glob('*.py')):
        spec = importlib.util.spec_from_file_location(f'tutorial_{path.stem}', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert f'python docs/tutorials/{path.name}' in module.__doc__
        found[path.stem] = module.main()
    return found


def test_soft_sharing_saves_the_scarce_series(tables):
    rmse = tables['soft_sharing']
    assert rmse[1e-4] > 5 * rmse[10]
    assert rmse[1e-4] > rmse[0.01] > rmse[1] > rmse[10]
    assert rmse[10] < 0.05
