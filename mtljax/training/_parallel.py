"""Strategies for several devices: one program over a mesh (jit), or one per device (pmap)."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from mtljax.base import Batch, PyTree

AXIS = 'data'


@runtime_checkable
class Strategy(Protocol):
    """A way to bring states, data and functions to the devices. All sizes are global."""

    axis_name: str | None

    def replicate(self, tree: PyTree) -> PyTree:
        """Copy a host tree to every device."""
        ...

    def fetch(self, tree: PyTree) -> PyTree:
        """Return one copy of a replicated tree."""
        ...

    def shard(self, tree: PyTree, axis: int = 0) -> PyTree:
        """Divide ``axis`` of a host tree among the devices."""
        ...

    def put(self, batch: Batch) -> Batch:
        """Place a host batch for evaluation."""
        ...

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Compile ``fn(state, ...)`` for all devices; the buffers of the state are donated."""
        ...


class Jit:
    """One program over a mesh of all devices of all processes; the compiler adds the communication.

    Every process passes the same host tree.
    """

    axis_name: str | None = None

    def __init__(self):
        self._mesh = Mesh(np.array(jax.devices()), (AXIS,))
        self._whole = NamedSharding(self._mesh, PartitionSpec())

    def replicate(self, tree):
        """Copy a host tree to every device."""
        return _place(tree, self._whole)

    def fetch(self, tree):
        """Return the tree itself."""
        return tree

    def shard(self, tree, axis=0):
        """Divide ``axis`` of a host tree among the devices of all processes."""
        return _place(tree, NamedSharding(self._mesh, PartitionSpec(*[None] * axis, AXIS)))

    def put(self, batch):
        """Divide the batch among the devices if their number divides its size."""
        size = next(iter(batch.mask.values())).shape[0]
        return batch if size % jax.device_count() else self.shard(batch)

    def compile(self, fn):
        """Apply ``jax.jit`` with a replicated result."""
        return jax.jit(fn, donate_argnums=0, out_shardings=self._whole)


class Pmap:
    """One program per device, replicated states, and communication by axis name.

    Every process passes the same host tree and computes its part.
    """

    axis_name: str | None = AXIS

    def __init__(self):
        self._local = len(jax.local_devices())
        self._first = jax.process_index() * self._local
        self._copy = jax.pmap(lambda _, tree: tree, in_axes=(0, None))

    def replicate(self, tree):
        """Copy a host tree to every local device, which adds a first axis."""
        return self._copy(np.arange(self._local), tree)

    def fetch(self, tree):
        """Return the copy of the first device."""
        return jax.tree.map(lambda x: x[0], tree)

    def shard(self, tree, axis=0):
        """Add a first axis of local devices, each with its part of ``axis``."""

        def place(leaf):
            parts = np.split(leaf, jax.device_count(), axis)
            return np.stack(parts[self._first : self._first + self._local])

        return jax.tree.map(place, tree)

    def put(self, batch):
        """Return the batch itself, because one device evaluates."""
        return batch

    def compile(self, fn):
        """Apply ``jax.pmap`` over the axis ``'data'``."""
        return jax.pmap(fn, axis_name=AXIS, donate_argnums=0)


def strategy_of(name: str) -> Strategy:
    """Return the strategy ``'jit'`` or ``'pmap'``.

    Raises:
      ValueError: ``name`` is neither.

    >>> strategy_of('pmap').axis_name
    'data'
    """
    check_parallel(name)
    return Jit() if name == 'jit' else Pmap()


def check_parallel(name: str) -> None:
    """Raise a ValueError unless ``name`` is the name of a strategy. No device is used."""
    if name not in ('jit', 'pmap'):
        raise ValueError(f"parallel should be one of ['jit', 'pmap']. Found {name!r}.")


def _place(tree, sharding):
    """Place a tree, which every process holds, on the devices of all processes."""
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)

    def place(leaf):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = place(jax.random.key_data(leaf))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

    return jax.tree.map(place, tree)


def check_batch_size(batch_size: int, micro_batches: int, examples: int) -> None:
    """Raise a ValueError unless the data holds the global batch and the devices can divide it."""
    if batch_size > examples:
        raise ValueError(
            f'batch_size should be at most the {examples} training examples. '
            f'Found batch_size = {batch_size}.'
        )
    parts = jax.device_count() * micro_batches
    if batch_size < 1 or batch_size % parts:
        raise ValueError(
            f'batch_size should be a multiple of {jax.device_count()} devices x {micro_batches} '
            f'micro-batches. Found batch_size = {batch_size}.'
        )
