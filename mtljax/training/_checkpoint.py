"""Checkpoints of the whole training state: the newest and the best."""

import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint import checkpoint_managers

from mtljax.base import PyTree


class Checkpoints:
    """Save checkpoints in a folder, and keep only the newest one and the one with the best score.

    The checkpoints are written in the background. If the process is killed, the last complete
    checkpoint stays.

    Args:
      folder: The folder of the checkpoints. It is created if it is missing.

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
        self._folder = Path(folder).absolute()
        options = ocp.CheckpointManagerOptions(
            preservation_policy=_NewestAndBest(),
            best_fn=_score,  # without it, metrics are not written
            cleanup_tmp_directories=True,
        )
        self._manager = ocp.CheckpointManager(self._folder, options=options)

    @property
    def newest(self) -> int | None:
        """The step of the newest checkpoint."""
        return self._manager.latest_step()

    def save(self, step: int, state: PyTree, progress: dict[str, Any], score: float) -> None:
        """Write a checkpoint in the background.

        Args:
          step: The training step of the state. It is also the name of the checkpoint.
          state: A tree of arrays and random keys. The arrays are copied at once, so you may donate
            their buffers afterwards.
          progress: A mapping of further values, which must be serialisable as JSON.
          score: The score of the state on the validation split. Higher is better.
        """
        args = ocp.args.Composite(
            state=ocp.args.StandardSave(jax.tree.map(_host, state)),
            progress=ocp.args.JsonSave(progress),
        )
        score = -math.inf if math.isnan(score) else score
        self._manager.save(step, args=args, metrics={'score': score})

    def restore(self, like: PyTree, step: int | None = None) -> tuple[PyTree, dict[str, Any]]:
        """Read a checkpoint.

        Args:
          like: A tree with the structure, shapes and dtypes of the saved state.
          step: The step of the checkpoint. None reads the newest one.

        Returns:
          The state, and the mapping ``progress`` that was saved with it.

        Raises:
          ValueError: The structure or the shapes of the saved state differ from ``like``.
        """
        self._manager.wait_until_finished()
        step = self.newest if step is None else step
        args = ocp.args.Composite(
            state=ocp.args.StandardRestore(jax.tree.map(_host, like)),
            progress=ocp.args.JsonRestore(),
        )
        try:
            restored = self._manager.restore(step, args=args)
            jax.tree.map(_check_same, restored['state'], jax.tree.map(_host, like))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f'The checkpoint {self._folder}/{step} should hold the state of this training. '
                'It was written by another model, optimiser or method. Choose another workdir. '
                f'Found {error}'
            ) from error
        return jax.tree.map(_device, restored['state'], like), restored['progress']

    def close(self) -> None:
        """Wait until the last checkpoint is written, then close the folder."""
        self._manager.wait_until_finished()
        self._manager.close()


class _NewestAndBest(checkpoint_managers.PreservationPolicy):
    """Keep the newest checkpoint, and the first of those with the highest score."""

    def should_preserve(self, checkpoints, *, context):
        del context
        best = max(checkpoints, key=lambda info: (_score(info.metrics), -info.step))
        newest = max(info.step for info in checkpoints)
        return [info.step in (newest, best.step) for info in checkpoints]


def _score(metrics) -> float:
    return metrics['score']


def _is_key(leaf):
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _host(leaf):
    """Return a NumPy copy: every process holds the whole state, and one writes it."""
    return np.array(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _check_same(leaf, like):
    if (leaf.shape, leaf.dtype) != (like.shape, like.dtype):
        raise ValueError(
            f'Found {leaf.dtype}{list(leaf.shape)}, expected {like.dtype}{list(like.shape)}.'
        )


def _device(leaf, like):
    leaf = jnp.asarray(leaf)
    return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(like)) if _is_key(like) else leaf
