"""A fingerprint of a data set: two data sets with the same fingerprint hold the same values."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from mtljax.base import Dataset, Split, Task
from mtljax.data import ArraySplit, probe_of

_ROUNDING = 1e-6  # relative: what the same loader may compute differently on another machine
_CHUNK = 1 << 22


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Return a fingerprint of a data set.

    It covers all examples of splits in memory, the number of examples and 64 examples of other
    splits, the names of the tasks, and what was fitted to the data, such as the categories of a
    column.

    Args:
      dataset: The data set.

    Returns:
      A mapping of JSON types.

    >>> from mtljax import data
    >>> one, same, other = (data.digits(train=8, validation=2, test=2, seed=s) for s in (0, 0, 1))
    >>> differences(fingerprint(one), fingerprint(same))
    []
    >>> differences(fingerprint(one), fingerprint(other))
    ['other examples in train', 'other examples in validation', 'other examples in test']
    """
    splits = {'train': dataset.train, 'validation': dataset.validation, 'test': dataset.test}
    fitted = {'data': dict(dataset.fitted)}
    fitted |= {f'task {name}': _units(task) for name, task in dataset.tasks.items()}
    return {
        'tasks': list(dataset.tasks),
        'sizes': {name: split.size for name, split in splits.items()},
        'examples': {name: _leaves_of(split) for name, split in splits.items()},
        'fitted': {name: _digest_of_json(row) for name, row in fitted.items()},
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return what differs between two fingerprints, one phrase per difference.

    Args:
      there: The fingerprint of the run.
      here: The fingerprint of the data set.
    """
    if there['tasks'] != here['tasks']:
        return [f'the tasks {there["tasks"]} there, {here["tasks"]} here']
    found = []
    for name, size in here['sizes'].items():
        if there['sizes'][name] != size:
            found.append(f'{there["sizes"][name]} examples in {name} there, {size} here')
        elif not _are_same(there['examples'][name], here['examples'][name]):
            found.append(f'other examples in {name}')
    changed = [name for name in here['fitted'] if there['fitted'].get(name) != here['fitted'][name]]
    if 'data' in changed:
        found.append('other columns, categories or scales')
    units = [name for name in changed if name != 'data']
    return found + ([f'other units of {", ".join(units)}'] if units else [])


def _leaves_of(split: Split) -> dict[str, Any]:
    batch = split.arrays if isinstance(split, ArraySplit) else split.take(probe_of(split))
    named = jax.tree_util.tree_leaves_with_path(batch)
    return {jax.tree_util.keystr(path): _leaf(np.ascontiguousarray(leaf)) for path, leaf in named}


def _leaf(array: np.ndarray) -> dict[str, Any]:
    digest = hashlib.sha256(f'{array.dtype} {array.shape}'.encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
    leaf: dict[str, Any] = {'digest': digest.hexdigest()[:32]}
    if np.issubdtype(array.dtype, np.floating):
        leaf['sum'], leaf['norm'] = _signed_sum(array.reshape(-1))
    return leaf


def _signed_sum(values: np.ndarray) -> tuple[float, float]:
    """Return the sum of the values with random signs, which are always the same, and their norm."""
    rng, total, square = np.random.default_rng(0), 0.0, 0.0
    for start in range(0, len(values), _CHUNK):
        part = np.nan_to_num(values[start : start + _CHUNK].astype(np.float64))
        total += float(np.where(rng.integers(2, size=len(part), dtype=np.int8), part, -part).sum())
        square += float(part @ part)
    return total, square**0.5


def _are_same(there: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Return whether all leaves are equal, or differ by rounding only."""
    if there.keys() != here.keys():
        return False
    for path, leaf in here.items():
        other = there[path]
        near = 'sum' in leaf and 'sum' in other
        near = near and abs(leaf['sum'] - other['sum']) <= _ROUNDING * leaf['norm']
        near = near and abs(leaf['norm'] - other['norm']) <= _ROUNDING * leaf['norm']
        if leaf['digest'] != other['digest'] and not near:
            return False
    return True


def _units(task: Task) -> list[float]:
    """Return what ``task.inverse`` makes of 0 and 1; [] if it takes no such numbers."""
    try:
        values = np.asarray(task.inverse(np.array([0, 1], np.float32)), np.float64)
    except Exception:  # a function of the user
        return []
    return values.reshape(-1).tolist() if values.size == 2 else []


def _digest_of_json(content: Any) -> str:
    text = json.dumps(_rounded(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _rounded(content: Any) -> Any:
    """Round all numbers to six digits, so that another machine gives the same digest."""
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    return float(f'{content:.6g}') if isinstance(content, float) else content
