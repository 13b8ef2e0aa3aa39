"""Checkpoints: parameters are those that were saved, or are refused."""

import hashlib
import json
import tempfile
from pathlib import Path

import jax
import numpy as np

from experiments.fuzz.formats.json_text import TOKENS
from experiments.fuzz.formats.run_files import RUN, built, files
from experiments.fuzz.harness import Harness, Material, WrongValueError
from mtljax import training
from mtljax.files import write_bytes

_SUMS = 'expected.json'
_BESIDE = (f'{RUN}run.json', f'{RUN}metrics.jsonl')


def checkpoint() -> Harness:
    """Return the harness of `training.load`."""
    return Harness('checkpoint', _files, _read, TOKENS, whole=True)


def _files() -> Material:
    with tempfile.TemporaryDirectory() as name:
        for path, content in files().items():
            (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(Path(name) / path, content)
        saved = [_load(Path(name), newest) for newest in (False, True)]
    sums = json.dumps({str(each.step): _digest(each) for each in saved}).encode()
    seeds = {
        path: content
        for path, content in files().items()
        if path in _BESIDE or path.startswith(f'{RUN}checkpoints/')
    }
    return Material(seeds, (), {**files(), _SUMS: sums})


def _load(folder: Path, newest: bool) -> training.Saved:
    return training.load(folder / RUN, built().model, built().dataset, newest=newest)


def _digest(saved: training.Saved) -> str:
    leaves = jax.tree_util.tree_leaves_with_path((saved.params, saved.state))
    parts = [(str(path), str(leaf.dtype), np.asarray(leaf).tobytes()) for path, leaf in leaves]
    rest = (saved.tasks, sorted(saved.validation.items()))
    return hashlib.sha256(repr((parts, rest)).encode()).hexdigest()


def _read(folder: Path, name: str) -> None:
    sums = json.loads((folder / _SUMS).read_bytes())
    for newest in (False, True):
        saved = _load(folder, newest)
        if sums.get(str(saved.step)) != _digest(saved):
            raise WrongValueError(f'Step {saved.step} should have the values that were saved.')
