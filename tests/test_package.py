"""What installs, and what an import costs."""

import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds_of(code):
    """The fastest of three fresh interpreters."""
    found = []
    for _ in range(3):
        begin = time.perf_counter()
        subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT)
        found.append(time.perf_counter() - begin)
    return min(found)


def test_import_is_quick():
    """The best of three tries: other work may run on the same cores."""
    tries = (
        seconds_of('import mtljax') - seconds_of('import jax, flax.linen, optax') for _ in '123'
    )
    assert any(seconds < 2 for seconds in tries)


def test_the_wheel_holds_the_library_alone(tmp_path):
    for name in ('mtljax', 'pyproject.toml', 'setup.cfg', 'README.md', 'LICENSE', 'tests'):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    build = [sys.executable, '-m', 'build', '--wheel', '--outdir', 'dist']
    subprocess.run(build, check=True, cwd=tmp_path, capture_output=True)
    (wheel,) = (tmp_path / 'dist').glob('*.whl')
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split('/')[0].split('-')[0] for name in names} == {'mtljax'}
    assert 'mtljax/py.typed' in names
    inside = {str(path.relative_to(ROOT)) for path in (ROOT / 'mtljax').rglob('*.py')}
    assert {name for name in names if name.endswith('.py')} == inside
