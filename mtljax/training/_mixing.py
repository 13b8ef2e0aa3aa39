"""The weights of gates and cross-stitch units, for the log."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax._mixing import LAST, Mixture, matrix, mixtures
from mtljax.base import TrainState

_MOST_TASKS, _MOST_EXPERTS = 8, 16  # of which each weight is logged
_ALL = 'all'  # tasks of a shared gate


class Mixing(NamedTuple):
    """The gates and units of a model.

    A step computes the weights anyway. They are read only for a row of the log, after the steps of
    the row. So they cost nothing in a step, and a model without gates and units reads nothing.

    Attributes:
      tasks: The names of the tasks.
      found: Where the weights are, ``{index of the leaf: Mixture}``.
    """

    tasks: Sequence[str]
    found: Mapping[int, Mixture]

    def arrays(self, state: TrainState) -> dict[int, Any]:
        """Return the arrays of the weights, on the device; of all seeds, if there are several."""
        leaves = jax.tree.leaves((state.params, state.state)) if self.found else []
        return {index: leaves[index] for index in self.found}

    def row(self, arrays: Mapping[int, Any]) -> dict[str, float]:
        """Return values for the log from the arrays of one seed, on the host.

        The docs of `analysis.mixing` explain the names.
        """
        kinds: dict[str, dict[str, dict[str, Any]]] = {'load': {}, 'entropy': {}, 'unit': {}}
        for index, (kind, name, row) in self.found.items():
            kinds[kind].setdefault(name, {})[row] = arrays[index]
        values: dict[str, float] = {}
        for name, rows in kinds['load'].items():
            load = matrix(rows, self.tasks, 'load')
            values |= self._loads(name, load)
            if name in kinds['entropy']:
                entropy = matrix(kinds['entropy'][name], self.tasks, 'entropy')
                values |= self._entropies(name, entropy / np.log(max(load.shape[1], 2)))
        for name, rows in kinds['unit'].items():
            values |= self._units(name, matrix(rows, self.tasks, 'unit'))
        return values

    def _loads(self, name: str, load: np.ndarray) -> dict[str, float]:
        if len(load) > _MOST_TASKS or load.shape[1] > _MOST_EXPERTS:
            return {}
        return {
            f'gate_load/{_plain(name)}/{task}/expert{expert}': float(weight)
            for task, row in zip(self._owners(load), load, strict=True)
            for expert, weight in enumerate(row)
        }

    def _entropies(self, name: str, entropy: np.ndarray) -> dict[str, float]:
        rows = zip(self._owners(entropy), entropy, strict=True)
        return {f'gate_entropy/{_plain(name)}/{task}': float(value) for task, value in rows}

    def _units(self, name: str, weights: np.ndarray) -> dict[str, float]:
        if len(weights) > _MOST_TASKS:
            return {}
        unit = 'last' if name == LAST else _plain(name.removeprefix('units '))
        return {
            f'unit/{unit}/{task}~{other}': float(weights[at, index])
            for at, task in enumerate(self.tasks)
            for index, other in enumerate(self.tasks)
        }

    def _owners(self, rows: np.ndarray) -> Sequence[str]:
        """Return the task of each row."""
        return self.tasks if len(rows) == len(self.tasks) else [_ALL] * len(rows)


def mixing_of(tasks: Sequence[str], state: TrainState) -> Mixing:
    """Find the gates and units of a model.

    Args:
      tasks: The names of the tasks.
      state: A training state of one seed.
    """
    leaves = jax.tree.leaves((state.params, state.state))
    found = mixtures(tasks, state.params, state.state)
    shapes: dict[tuple[str, str], set[tuple[int, ...]]] = {}
    for index, mixture in found.items():
        shapes.setdefault(mixture[:2], set()).add(np.shape(leaves[index]))
    # An own module may call something else a load: what is no matrix is not logged.
    is_matrix = {name: len(each) == 1 and _fits(name[0], *each) for name, each in shapes.items()}
    return Mixing(tasks, {at: each for at, each in found.items() if is_matrix[each[:2]]})


def _fits(kind: str, shape: tuple[int, ...]) -> bool:
    return kind == 'unit' or len(shape) in {'load': (1, 2), 'entropy': (0, 1)}[kind]


def _plain(name: str) -> str:
    return name.replace(' ', '_')
