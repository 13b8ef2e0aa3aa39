"""Checkpoints of the whole training state: the newest ones and the best."""

import contextlib
import errno
import functools
import json
import math
import os
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from mtljax.base import PyTree
from mtljax.files import WriteError, could_not_write
from mtljax.training import _checkpoint_files as files
from mtljax.training._checks import checks_of
from mtljax.training._file_sums import write_sums
from mtljax.training._orbax_log import OrbaxErrors
from mtljax.training._preservation import NewestAndBest

_OVERHEAD = 1 << 20  # bytes of a checkpoint beside its arrays, rounded up
_PATTERNS = '[]\\'  # orbax reads them in the name of a folder as patterns, and loses files


class Checkpoints:
    """Save checkpoints in a folder. Keep the newest two, and the one with the best score.

    The checkpoints are written in the background, with a checksum of every array. After writing, a
    checkpoint is read again and compared with its checksums. If the process is killed, the last
    complete checkpoint stays.

    Args:
      folder: The folder of the checkpoints. It is created if it is missing.

    Raises:
      ValueError: The path of the folder contains ``[``, ``]`` or a backslash.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoints = Checkpoints(folder)
    ...     checkpoints.save(10, {'w': jnp.ones(2)}, {'note': 'first'}, score=0.5)
    ...     state, progress = checkpoints.restore({'w': jnp.zeros(2)})
    ...     checkpoints.close()
    >>> state['w'].tolist(), progress
    ([1.0, 1.0], {'note': 'first'})
    """

    def __init__(self, folder: Path | str):
        import orbax.checkpoint as ocp  # slow to import

        self._folder = Path(folder).absolute()
        if any(character in str(self._folder) for character in _PATTERNS):
            raise ValueError(
                'The path of a folder of checkpoints should not contain [, ] or a backslash. '
                f'Found {self._folder}. Choose another workdir.'
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        if jax.process_index() == 0:
            files.tidy(self._folder)
        self._writer = ThreadPoolExecutor(1)
        self._work: Future[None] | None = None
        self._damaged: int | None = None
        self._written = -1  # the step of the last checkpoint
        self._failure: WriteError | None = None
        self._has_failed = False
        self._errors = OrbaxErrors()
        self._errors.install()
        self._scores: dict[int, float] = {}
        self._needs: dict[int, int | None] = {}
        for step in files.steps_in(self._folder):
            self._scores[step], self._needs[step] = self._known(step)
        options = ocp.CheckpointManagerOptions(
            preservation_policy=NewestAndBest(self._scores, self._needs),
            todelete_subdir=files.DELETED,  # a kill in a deletion leaves no half checkpoint
            cleanup_tmp_directories=True,
        )
        self._manager = ocp.CheckpointManager(self._folder, options=options)

    @property
    def steps(self) -> list[int]:
        """The steps of all checkpoints, in ascending order."""
        return sorted(self._scores)

    @property
    def newest(self) -> int | None:
        """The step of the newest checkpoint."""
        return max(self._scores, default=None)

    def save(
        self,
        step: int,
        state: PyTree,
        progress: dict[str, Any],
        score: float,
        *,
        needs: int | None = None,
    ) -> None:
        """Write a checkpoint in the background.

        Args:
          step: The training step of the state. It is also the name of the checkpoint.
          state: A tree of arrays and random keys. The arrays are copied at once, so you may donate
            their buffers afterwards.
          progress: A mapping of further values, which must be serialisable as JSON.
          score: The score of the state on the validation split. Higher is better.
          needs: The step of another checkpoint that is kept as long as this one is among the newest
            two.

        Raises:
          WriteError: The disk is full, or the checkpoint before could not be written.
        """
        self._wait()
        json.dumps(progress)  # fails here, and not in the background
        host = jax.tree.map(_host, state)
        self._check_room(step, host)
        score = -math.inf if math.isnan(score) else float(score)
        self._scores[step], self._needs[step], self._written = score, needs, step
        write = functools.partial(self._write, step, host, progress, score, needs)
        if jax.process_count() > 1:  # the processes wait for each other: keep the order of calls
            write()
            write = _nothing
        self._work = self._writer.submit(self._finish, write, step, host)

    def restore(self, like: PyTree, step: int | None = None) -> tuple[PyTree, dict[str, Any]]:
        """Read a checkpoint, and verify its checksums.

        Args:
          like: A tree with the structure, shapes and dtypes of the saved state.
          step: The step of the checkpoint. None reads the newest one. If it is damaged, it is moved
            to the subfolder ``damaged``, and the checkpoint before it is read.

        Returns:
          The state, and the mapping ``progress`` that was saved with it.

        Raises:
          ValueError: The structure or the shapes of the saved state differ from ``like``, or the
            checkpoint is damaged and there is no other one.
        """
        self._wait()
        steps = [step] if step is not None else self.steps
        state, progress = self._read(like, steps)
        return jax.tree.map(_device, state, like), progress

    def close(self) -> None:
        """Wait until the last checkpoint is written, then close the folder."""
        try:
            self._wait()
        finally:
            self._writer.shutdown()  # waits, also after an interrupt
            with contextlib.suppress(*[Exception] * self._has_failed):  # it raises the same again
                self._manager.close()
            self._errors.remove()

    def _read(self, like: PyTree, steps: list[int]) -> tuple[PyTree, dict[str, Any]]:
        """Read the last checkpoint of a list that is not damaged.

        Process 0 finds it and sets damaged ones aside. The other processes read the same one.
        """
        found = failure = None
        if jax.process_index() == 0:
            try:
                found = self._newest_whole(like, steps)
            except ValueError as error:
                failure = error
        step = int(multihost_utils.broadcast_one_to_all(np.int32(found[0] if found else -1)))
        if step < 0:
            raise failure or ValueError(f'Process 0 cannot read {self._folder}. It says why.')
        if found is None:
            for later in (each for each in steps if each > step):
                self._forget(later)
            return files.read(self._folder / str(step), like)
        return found[1]

    def _newest_whole(
        self, like: PyTree, steps: list[int]
    ) -> tuple[int, tuple[PyTree, dict[str, Any]]]:
        if not steps:
            raise ValueError(f'{self._folder} should hold a checkpoint. Found none.')
        *others, step = steps
        path = self._folder / str(step)
        try:
            return step, files.read(path, like)
        except files.DamagedError as error:
            if not others:
                raise
            files.set_aside(path, str(error))
            self._forget(step)
            return self._newest_whole(like, others)

    def _forget(self, step: int) -> None:
        self._scores.pop(step, None)
        self._manager.reload()

    def _known(self, step: int) -> tuple[float, int | None]:
        """Return the score of a checkpoint, and the step that it needs."""
        try:
            return files.read_score(self._folder / str(step))
        except files.DamagedError:
            return -math.inf, None  # `restore` says what is wrong

    def _write(
        self, step: int, host: PyTree, progress: dict[str, Any], score: float, needs: int | None
    ) -> None:
        import orbax.checkpoint as ocp

        checks = checks_of(host, progress, score)._replace(needs=needs)
        args = ocp.args.Composite(
            state=ocp.args.StandardSave(host),
            progress=ocp.args.JsonSave(progress),
            checks=ocp.args.JsonSave(checks.to_json()),
        )
        self._manager.save(step, args=args)

    def _finish(self, write: Callable[[], None], step: int, host: PyTree) -> None:
        """Write a checkpoint and verify it. If it is damaged, write it once more."""
        path = self._folder / str(step)
        try:
            for again in (write is not _nothing, False):
                write()
                self._manager.wait_until_finished()
                try:
                    self._verify(path, host)
                    return
                except files.DamagedError as error:
                    files.set_aside(path, str(error))
                    self._manager.reload()
                    if not again:
                        self._damaged = step
                        return
        except WriteError as error:
            self._failure = error
        except BaseException as error:
            self._failure = could_not_write(path, _size(host), error)
            self._failure.__cause__ = error

    def _verify(self, path: Path, host: PyTree) -> None:
        """Read a checkpoint again, and delete what is no longer kept."""
        if jax.process_index() == 0:
            with ThreadPoolExecutor(1) as pool:
                sums = pool.submit(write_sums, path)
                files.read(path, host)
                sums.result()
            files.delete(self._folder)

    def _check_room(self, step: int, host: PyTree) -> None:
        """Refuse to write on a disk that is too full: orbax would print an error per array."""
        needed = _size(host) + _OVERHEAD
        if shutil.disk_usage(self._folder).free < needed:
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise could_not_write(self._folder / str(step), needed, full)

    def _wait(self) -> None:
        if self._work is not None:
            self._work.result()
            self._work = None
        if self._damaged is not None:
            self._forget(self._damaged)
            self._damaged = None
        if self._failure is not None:
            failure, self._failure, self._has_failed = self._failure, None, True
            self._scores.pop(self._written, None)
            raise failure


def _nothing() -> None:
    pass


def _size(host: PyTree) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(host))


def _host(leaf):
    """Return a NumPy copy: every process holds the whole state, and one writes it."""
    key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.array(jax.random.key_data(leaf) if key else leaf)


def _device(leaf, like):
    leaf = jnp.asarray(leaf)
    key = jnp.issubdtype(like.dtype, jax.dtypes.prng_key)
    return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(like)) if key else leaf
