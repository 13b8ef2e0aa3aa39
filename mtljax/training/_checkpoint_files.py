"""The files of checkpoints: which checkpoints are whole, and what they hold."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import PyTree
from mtljax.files import sum_of_json
from mtljax.training._checks import Checks, NewerFormatError, checks_of, from_json, name_of, sum_of
from mtljax.training._file_sums import damaged_files

DELETED, DAMAGED = 'deleted', 'damaged'  # subfolders of a folder of checkpoints
_UNREAD = ('commit_success.txt', '_CHECKPOINT_METADATA')  # no value is read from them
_log = logging.getLogger(__name__)


class DamagedError(ValueError):
    """A checkpoint does not hold what was written."""


def steps_in(folder: Path) -> list[int]:
    """Return the steps of all whole checkpoints, the newest first."""
    names = [path.name for path in folder.iterdir() if path.name.isdigit()]
    return sorted((int(name) for name in names if is_whole(folder / name)), reverse=True)


def is_whole(path: Path) -> bool:
    """Return whether a checkpoint has all its parts."""
    parts = ['_CHECKPOINT_METADATA', 'state', 'progress']
    known = any((path / part).exists() for part in ('checks', 'metrics'))  # older ones have metrics
    return known and all((path / part).exists() for part in parts)


def delete(folder: Path) -> None:
    """Delete the checkpoints that orbax has moved to the subfolder ``deleted``."""
    shutil.rmtree(folder / DELETED, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Finish deletions that a kill interrupted, and set checkpoints aside that are not whole.

    Raises:
      DamagedError: There are checkpoints, but none is whole.
    """
    delete(folder)
    there = sorted(path for path in folder.iterdir() if path.name.isdigit())
    broken = [path for path in there if not is_whole(path)]
    if there and len(broken) == len(there):
        raise DamagedError(
            f'{broken[-1]} is damaged: it has not all its parts. There is no other checkpoint to '
            f'continue from. To train from the start, choose another workdir or remove {folder}.'
        )
    for path in broken:
        set_aside(path, 'it has not all its parts')


def set_aside(path: Path, reason: str) -> None:
    """Move a damaged checkpoint into a subfolder, where no run reads it."""
    target = path.parent / DAMAGED / path.name
    number = 1
    while target.exists():
        number += 1
        target = target.with_name(f'{path.name}-{number}')
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    _log.warning('%s is no whole checkpoint: %s. It was moved to %s.', path, reason, target)


def read_checks(path: Path) -> Checks | None:
    """Return the checks of a checkpoint; None if it was written without them.

    Raises:
      DamagedError: The checks cannot be read.
      ValueError: A newer version of mtljax wrote them.
    """
    if not (path / 'checks').exists():
        return None
    try:
        return from_json(_read_json(path / 'checks' / 'metadata'))
    except NewerFormatError as error:
        raise ValueError(f'{path}: {error}') from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f'{path}/checks/metadata is damaged. {error}') from error


def read_score(path: Path) -> tuple[float, int | None]:
    """Return the score of a checkpoint, and the step of the checkpoint that it needs.

    Raises:
      DamagedError: They cannot be read.
    """
    checks = read_checks(path)
    if checks is not None:
        return checks.score, checks.needs
    try:
        return float(_read_json(path / 'metrics' / 'metrics')['score']), None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f'{path}/metrics/metrics is damaged. {error}') from error


def read_progress(path: Path) -> dict[str, Any]:
    """Return the mapping ``progress`` of a checkpoint; empty if it cannot be read."""
    try:
        return dict(_read_json(path / 'progress' / 'metadata'))
    except (OSError, ValueError, TypeError):
        return {}


def read(path: Path, like: PyTree) -> tuple[PyTree, dict[str, Any]]:
    """Read a checkpoint, and verify its checksums.

    Args:
      path: The folder of one checkpoint.
      like: A tree with the structure, shapes and dtypes of the saved state.

    Returns:
      The state, a tree of NumPy arrays, and the mapping ``progress``.

    Raises:
      DamagedError: The content is not what was written.
      ValueError: The checkpoint holds another state.
    """
    _check_files(path)
    checks = read_checks(path)
    host = jax.tree.map(_empty, like)
    if checks is not None:
        _check_kinds(path, checks, host)
    state, progress, failure = _restored(path, host)
    if failure is not None:
        raise _failure(path, checks, failure)
    if checks is not None:
        _verify(path, checks, checks_of(state, progress, checks.score))
    return state, progress


def _restored(path: Path, host: PyTree | None) -> tuple[PyTree, Any, str | None]:
    """Return the state, the progress, and the reason if they cannot be read."""
    import orbax.checkpoint as ocp  # slow to import

    try:
        progress = _read_json(path / 'progress' / 'metadata')
        handler: Any = ocp.StandardCheckpointHandler()  # unlike a manager, it waits for no process
        state = handler.restore(path / 'state', args=ocp.args.StandardRestore(host))
        if host is not None:
            jax.tree.map(_check_same, state, host)
        return state, progress, None
    except Exception as error:  # orbax raises many kinds
        return None, None, str(error)


def _failure(path: Path, checks: Checks | None, reason: str) -> ValueError:
    if checks is not None:
        return DamagedError(f'{path} is damaged: its files cannot be read.')
    return ValueError(
        f'The checkpoint {path} should hold the state of this training. It was written by another '
        'model, optimiser or method, or it is damaged. Choose another workdir. '
        f'Found {reason}'
    )


def read_parameters(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint without knowing its structure, and verify its checksums.

    Args:
      path: The folder of one checkpoint.

    Returns:
      The state, as nested dicts and lists of NumPy arrays, and the mapping ``progress``.

    Raises:
      DamagedError: The content is not what was written.
    """
    _check_files(path)
    checks = read_checks(path)
    state, progress, failure = _restored(path, None)
    if failure is not None:
        raise DamagedError(f'{path} is damaged: its files cannot be read.')
    if checks is not None:
        _verify_progress(path, checks, sum_of_json(progress))
    named = jax.tree_util.tree_leaves_with_path(state)
    sums = {name_of(place): sum_of(np.asarray(leaf)) for place, leaf in named}
    for leaf in () if checks is None else checks.leaves:
        if sums.get(leaf.path) != leaf.sum:
            raise DamagedError(
                f'{path}/state is damaged: the checksum of {leaf.path} does not fit.'
            )
    return state, progress


def _check_files(path: Path) -> None:
    damaged = next((name for name in damaged_files(path) if Path(name).name not in _UNREAD), None)
    if damaged is not None:
        raise DamagedError(f'{path / damaged} is damaged: its checksum does not fit.')


def _verify(path: Path, checks: Checks, found: Checks) -> None:
    _verify_progress(path, checks, found.progress)
    for leaf, other in zip(checks.leaves, found.leaves, strict=True):
        if leaf.sum != other.sum:
            raise DamagedError(
                f'{path}/state is damaged: the checksum of {leaf.path} does not fit.'
            )


def _verify_progress(path: Path, checks: Checks, found: int) -> None:
    if found != checks.progress:
        raise DamagedError(f'{path}/progress/metadata is damaged: its checksum does not fit.')


def _check_kinds(path: Path, checks: Checks, like: PyTree) -> None:
    there = {leaf.kind for leaf in checks.leaves}
    here = {
        f'{name_of(path)} {leaf.dtype}{list(leaf.shape)}'
        for path, leaf in jax.tree_util.tree_leaves_with_path(like)
    }
    if there != here:
        only = [
            f'{", ".join(sorted(rest)[:3])} only {where}'
            for rest, where in ((there - here, 'there'), (here - there, 'here'))
            if rest
        ]
        raise ValueError(
            f'The checkpoint {path} should hold the state of this training. It was written by '
            f'another model, optimiser or method. Found {"; ".join(only)}. Choose another workdir.'
        )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except RecursionError as error:
        raise ValueError(f'{path} should not be nested so deeply.') from error


def _empty(leaf):
    """Return an uninitialised NumPy array that orbax reads into."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.eval_shape(jax.random.key_data, leaf)
    return np.empty(leaf.shape, leaf.dtype)


def _check_same(leaf, like):
    if (leaf.shape, leaf.dtype) != (like.shape, like.dtype):
        raise ValueError(
            f'Found {leaf.dtype}{list(leaf.shape)}, expected {like.dtype}{list(like.shape)}.'
        )
