"""The best parameters of a run, beside its record, until the best row is known."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from mtljax.base import Params, State
from mtljax.data import read_arrays
from mtljax.files import npz_of, write_bytes

Variables = tuple[Params, State]
"""The parameters and the state of a model, such as batch statistics."""


def kept_path(record: Path) -> Path:
    """Return the file of the parameters of a run, from the file of its record."""
    return record.with_suffix('.npz')


def keep(record: Path, variables: Variables) -> None:
    """Write the parameters of a run. Its optimiser is not kept."""
    record.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(kept_path(record), npz_of(_named(variables)))


def kept(record: Path, like: Any) -> Variables | None:
    """Read the parameters of a run; None if they are not there, or are damaged.

    Args:
      record: The file of its record.
      like: The shapes and dtypes of the parameters and the state.
    """
    try:
        found = read_arrays(kept_path(record))
    except (OSError, ValueError):
        return None
    if {name: x.shape for name, x in found.items()} != {
        name: leaf.shape for name, leaf in _leaves(like).items()
    }:
        return None
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: found[jax.tree_util.keystr(path)].astype(leaf.dtype), like
    )


def _named(tree: Any) -> dict[str, np.ndarray]:
    """Return the arrays by their paths. The format has no bfloat16, which float32 contains."""
    named = {name: np.asarray(leaf) for name, leaf in _leaves(tree).items()}
    return {
        name: x.astype(np.float32) if x.dtype.name == 'bfloat16' else x for name, x in named.items()
    }


def _leaves(tree: Any) -> dict[str, Any]:
    return {
        jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
