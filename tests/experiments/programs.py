"""Programs as a user starts them, without paying for the same imports each time."""

import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from tests.xla_flags import QUICK

ROOT = Path(__file__).parents[2]
# One device, as a user has it, and programs that compile fast.
ENVIRONMENT = {
    'JAX_COMPILATION_CACHE_DIR': str(ROOT / '.pytest_cache' / 'jax'),
    'XLA_FLAGS': QUICK,
}
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(['matplotlib.figure', 'experiments.compare.comparison'])


def start(program, *flags):
    """``python -m experiments.PROGRAM FLAGS`` in a fork of a process that has imported jax."""
    with tempfile.TemporaryDirectory() as folder:
        process = _CONTEXT.Process(target=_run, args=(program, flags, folder))
        process.start()
        process.join(600)
        late = process.exitcode is None
        process.kill()
        process.join()
        said = {name: Path(folder, name).read_text() for name in ('stdout', 'stderr')}
    assert not late, f'{program} {flags} takes too long: {said["stderr"]}'
    return SimpleNamespace(returncode=process.exitcode, **said)


def _run(program, flags, folder):
    for number, name in ((1, 'stdout'), (2, 'stderr')):
        os.dup2(os.open(Path(folder, name), os.O_CREAT | os.O_WRONLY), number)
    os.environ.update(ENVIRONMENT)
    os.chdir(ROOT)
    sys.argv = [program, *flags]
    runpy.run_module(f'experiments.{program}', run_name='__main__', alter_sys=True)
