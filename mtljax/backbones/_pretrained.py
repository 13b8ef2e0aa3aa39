"""Stages that start from a PyTorch checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.backbones._torch_file import read_state_dict
from mtljax.base import Module
from mtljax.module import shapes

Rename = Callable[[int, Sequence[str]], str]
"""``(stage, path) -> name``; the path ends with the name of the tensor in its PyTorch layer."""

_TENSORS = {
    'kernel': 'weight',
    'scale': 'weight',
    'bias': 'bias',
    'mean': 'running_mean',
    'var': 'running_var',
}
_COUNTS = '.num_batches_tracked'


def pretrained(
    stages: tuple[Module, ...],
    path: str | PathLike,
    rename: Rename,
    prefixes: Sequence[Sequence[str]],
    drop: Sequence[str] = (),
) -> tuple[Module, ...]:
    """Stages whose ``init`` returns the weights and batch statistics of a checkpoint.

    This function reads the file once. ``init`` then compares names and shapes.

    Args:
      stages: Linen modules.
      path: The path of a PyTorch file.
      rename: A function that gives the PyTorch name of a leaf.
      prefixes: The prefixes of the names of each stage.
      drop: The prefixes of names that no stage needs.

    Raises:
      ValueError: The file cannot be read, or has names that belong to no stage. Or, at init, names
        or shapes differ.
    """
    tensors = {k: v for k, v in read_state_dict(path).items() if not k.endswith(_COUNTS)}
    known = tuple(prefix for row in prefixes for prefix in row)
    unknown = [name for name in tensors if not name.startswith((*known, *drop))]
    if unknown:
        raise ValueError(f'{path} holds {_some(unknown)}, which the backbone does not have.')
    parts = [
        {name: value for name, value in tensors.items() if name.startswith(tuple(row))}
        for row in prefixes
    ]
    return tuple(
        _loaded(stage, lambda names, at=at: rename(at, names), part, str(path))
        for at, (stage, part) in enumerate(zip(stages, parts, strict=True))
    )


def _loaded(
    stage: Module, rename: Callable, tensors: Mapping[str, np.ndarray], path: str
) -> Module:
    def init(key, x):
        like = jax.eval_shape(stage.init, key, shapes(x))
        leaves, treedef = jax.tree_util.tree_flatten_with_path(like)
        names = [rename(_torch_path(keys)) for keys, _ in leaves]
        _compare(path, names, tensors)
        values = []
        for name, (_, leaf) in zip(names, leaves, strict=True):
            value = np.transpose(tensors[name], _axes(tensors[name].ndim))
            if value.shape != leaf.shape:
                raise ValueError(
                    f'{name} should have the shape {leaf.shape} of the backbone. '
                    f'Found {value.shape}, as {tensors[name].shape}, in {path}.'
                )
            values.append(jnp.asarray(value, leaf.dtype))
        return jax.tree.unflatten(treedef, values)

    return Module(init, stage.apply)


def _torch_path(keys: Any) -> list[str]:
    """The PyTorch names on the path of a leaf.

    ``(1, batch_stats, BatchNorm_0, mean)`` becomes ``[BatchNorm_0, running_mean]``.
    """
    path = [str(key.key) for key in keys[1:]]
    path = path[1:] if keys[0].idx == 1 else path  # the state has collections
    return [*path[:-1], _TENSORS[path[-1]]]


def _compare(path: str, names: Sequence[str], tensors: Mapping[str, Any]) -> None:
    missing, more = sorted(set(names) - set(tensors)), sorted(set(tensors) - set(names))
    if missing or more:
        raise ValueError(
            f'{path} does not fit the backbone: it lacks {_some(missing)}, and holds '
            f'{_some(more)}, which the backbone does not have.'
        )


def _some(names: Sequence[str]) -> str:
    shown = ', '.join(name[:80] for name in names[:4])
    return f'{shown} and {len(names) - 4} more' if len(names) > 4 else shown or 'nothing'


def _axes(ndim: int) -> tuple[int, ...]:
    """PyTorch's kernels are ``[out, in, height, width]``, or ``[out, in]``."""
    return (2, 3, 1, 0) if ndim == 4 else tuple(reversed(range(ndim)))
