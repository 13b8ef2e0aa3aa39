"""What tasks would gain from each other, estimated from one trained model."""

import itertools
import json
from pathlib import Path

import jax
import numpy as np

from experiments import build
from experiments.advise.lab import Lab, Proposal
from mtljax import analysis
from mtljax.files import write_text
from mtljax.module import shapes

_DIM, _MOST, _FEW = 100, 1000, 16  # directions, and examples
_NUMBERS = 50_000_000  # of predictions in memory


def estimated(lab: Lab, hard: Proposal, seed: int, path: Path) -> np.ndarray:
    """Return what task j would gain in percent from training with task i, ``[T, T]``.

    The result is written to a file, and read from there if the same training is asked for again.

    Args:
      lab: It has trained the default.
      hard: The default.
      seed: The seed of the training.
      path: The file.
    """
    cell = lab.cell(hard)
    name = lab.runs.name(cell, seed)
    known = _read(path)
    if name not in known:
        known = {name: _estimate(lab, hard, seed).tolist()}
        write_text(path, json.dumps(known))
    return np.array(known[name], float)


def _estimate(lab: Lab, hard: Proposal, seed: int) -> np.ndarray:
    cell = lab.cell(hard)
    built = lab.runs.setup(cell)
    tasks = built.model.tasks
    _, variables = lab.runs.trained(cell, [seed], hard.method)[seed]
    if variables is None:  # its loss was not finite
        return np.full((len(tasks), len(tasks)), np.nan)
    subsets = [*itertools.combinations(tasks, 1), *itertools.combinations(tasks, 2)]
    losses = analysis.estimate_transfer(
        built.model, *variables, built.dataset, subsets, dim=_DIM, examples=_examples(built)
    )
    return 100 * analysis.transfer_affinity(losses, subsets, tasks)


def _examples(built: build.Setup) -> int:
    """Return how many examples fit into memory, with one set of predictions per direction."""
    example = built.dataset.train.example.inputs
    variables = jax.eval_shape(built.model.init, jax.random.key(0), shapes(example))
    found = jax.eval_shape(
        lambda p, s, x: built.model.apply(p, s, x)[0], *variables, shapes(example)
    )
    rows = jax.tree.leaves(example)[0].shape[0]
    size = sum(leaf.size for leaf in jax.tree.leaves(found)) / rows
    return int(np.clip(_NUMBERS / (2 * (_DIM + 1) * size), _FEW, _MOST))


def _read(path: Path) -> dict[str, list[list[float]]]:
    """Return what the file has; nothing if it is not there or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
