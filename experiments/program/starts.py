"""How a run was started: one line of JSON for each start."""

import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax
from absl import flags

import mtljax
from experiments.program.output import readable_json
from mtljax.files import write_bytes

NAME = 'starts.jsonl'
_CLONE = Path(__file__).parents[2]
_LONGEST = 10  # seconds for a question to git


def record_start(workdir: Path) -> None:
    """Add a line about this start to the file ``starts.jsonl``.

    The file is replaced in one step, so that a kill leaves no part of a line.

    Args:
      workdir: The folder of the run.

    Raises:
      WriteError: The file cannot be written.
    """
    path = workdir / NAME
    before = path.read_bytes() if path.exists() else b''
    end = b'' if before.endswith(b'\n') or not before else b'\n'
    write_bytes(path, before + end + f'{readable_json(_start())}\n'.encode())


def _start() -> dict[str, Any]:
    return {
        'date': datetime.now(UTC).isoformat(timespec='seconds'),
        'command': _command(),
        'config': _config_name(),
        'versions': {
            'mtljax': mtljax.__version__,
            'jax': jax.__version__,
            'python': platform.python_version(),
        },
        'git': _git_state(),
    }


def _command() -> str:
    """Return the command as one line for a shell."""
    spec = getattr(sys.modules['__main__'], '__spec__', None)
    program = ['-m', spec.name.removesuffix('.__main__')] if spec else [sys.argv[0]]
    return shlex.join(['python', *program, *sys.argv[1:]])


def _config_name() -> str | None:
    """Return the path of the config, with its variant."""
    if 'config' not in flags.FLAGS or not flags.FLAGS.is_parsed():
        return None
    flag: Any = flags.FLAGS['config']
    return flag.config_filename


def _git_state() -> dict[str, Any] | None:
    """Return the commit of the clone, and whether a file differs from it; None without a clone."""
    if not (_CLONE / '.git').exists():
        return None
    commit = _asked('rev-parse', 'HEAD')
    changes = _asked('status', '--porcelain', '--untracked-files=no')
    return None if commit is None else {'commit': commit, 'changed': changes != ''}


def _asked(*question: str) -> str | None:
    command = ['git', '--no-optional-locks', '-C', str(_CLONE), *question]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
    except (OSError, subprocess.TimeoutExpired):  # git may be missing
        return None
    return done.stdout.strip() if done.returncode == 0 else None
