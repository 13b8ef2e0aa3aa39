"""The version of the code that ran."""

import functools
import subprocess
from pathlib import Path

import jax

import mtljax


@functools.cache
def code_version() -> str:
    """Return the versions of jax and mtljax, and the commit of mtljax if it is a git clone.

    >>> code_version().split()[0]
    'mtljax'
    """
    folder = Path(__file__).parents[1]
    command = ['git', '-C', str(folder), 'describe', '--always', '--dirty', '--exclude=*']
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        commit = f' ({done.stdout.strip()})' if (folder / '.git').exists() else ''
    except (OSError, subprocess.CalledProcessError):
        commit = ''
    return f'mtljax {mtljax.__version__}{commit}, jax {jax.__version__}'
