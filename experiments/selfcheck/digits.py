"""The small training of the checks, and the comparison of two of its folders."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from experiments.selfcheck.errors import CheckError
from mtljax import training

EVERY = 40
_SMALL = {
    'data.train': 256,
    'data.validation': 64,
    'data.test': 64,
    'backbone.widths': '(8,)',
    'train.batch_size': 16,
    'train.log_every': EVERY // 2,
    'train.eval_every': EVERY,
}


def flags_of(workdir: Path, steps: int) -> list[str]:
    """Return the flags of a training on small digits, with a checkpoint every 40 steps."""
    fields = {**_SMALL, 'train.steps': steps}
    named = [f'--config.{name}={value}' for name, value in fields.items()]
    return ['--config=configs/digits.py', *named, f'--workdir={workdir}']


def check_same(whole: Path, other: Path) -> None:
    """Compare the last states, bit by bit, the summaries without times, and the logs.

    Raises:
      CheckError: They differ, or a file of one of the folders is damaged.
    """
    check_same_result(whole, other)
    rows = [training.read_rows(folder / 'metrics.jsonl') for folder in (whole, other)]
    if str(rows[0]) != str(rows[1]):
        raise CheckError(f'The logs of {whole} and {other} differ.')
    check_clean(other)


def check_same_result(whole: Path, other: Path) -> None:
    """Compare the last states, bit by bit, and the summaries without times.

    Raises:
      CheckError: They differ.
    """
    states = [_last_state(folder) for folder in (whole, other)]
    different = [path for path, bits in states[0].items() if states[1].get(path) != bits]
    if different or states[0].keys() != states[1].keys():
        raise CheckError(f'The states in {whole} and {other} differ: {different[:5]}')
    if _summary(whole) != _summary(other):
        raise CheckError(f'The summaries in {whole} and {other} differ.')


def check_clean(folder: Path) -> None:
    """Check that nothing in the folder of a run is damaged or left behind.

    Raises:
      CheckError: A file is damaged, partial or temporary.
    """
    verdicts = training.verify(folder)
    damaged = [verdict for verdict in verdicts if verdict.state == 'damaged']
    words = ('.partial', '-tmp', '.lock', '/deleted/', '/damaged/', '.together')
    left = [v.path for v in verdicts if any(word in str(v.path) for word in words)]
    if damaged or left:
        raise CheckError(f'{folder} has damaged files {damaged} and files that were left {left}.')


def _last_state(folder: Path) -> dict[str, bytes]:
    steps = json.loads((folder / 'config.json').read_text())['train']['steps']
    path = folder.absolute() / 'checkpoints' / str(steps) / 'state'
    named = jax.tree_util.tree_leaves_with_path(ocp.StandardCheckpointer().restore(path))
    return {jax.tree_util.keystr(path): np.asarray(leaf).tobytes() for path, leaf in named}


def _summary(folder: Path) -> dict[str, Any]:
    summary = json.loads((folder / 'summary.json').read_text())
    del summary['steps_per_second']
    return summary
