"""From the tensors of a request to the inputs of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import jax
import numpy as np

from mtljax._shown import shown
from mtljax.serving._model import Model
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.table import Table
from mtljax.serving._service.v2.datatypes import BYTES, datatype_of, dtype_of
from mtljax.serving._service.v2.signature import Tensor


class Inputs(Protocol):
    """What a model reads.

    Attributes:
      tensors: The tensors that a request should have.
    """

    tensors: tuple[Tensor, ...]

    def example(self) -> Any:
        """Return the inputs of one row."""
        ...

    def read(self, given: Mapping[str, np.ndarray]) -> Any:
        """Return the rows of a request, for `encode`, from the arrays of all tensors.

        Raises:
          RefusedError: An array does not fit its tensor.
        """
        ...

    def encode(self, parts: Sequence[Any]) -> Any:
        """Return the inputs of the model for the rows of several requests.

        Raises:
          RefusedError: A row is bad.
        """
        ...


class Columns:
    """The inputs of a model of a table: a tensor ``[rows]`` for each column.

    The metadata names texts for categories and FP32 for numbers, where NaN is an empty cell. Other
    types are accepted: a number is the text that a file would hold.
    """

    def __init__(self, table: Table):
        self._table = table
        self.tensors = tuple(
            Tensor(column.name, 'FP32' if column.kind == 'numeric' else BYTES, (-1,))
            for column in table.inputs
        )

    def example(self) -> Any:
        """Encode a row of empty cells."""
        return self._table.encode([{name: [None] for name in self._table.columns}])

    def read(self, given: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
        """Return the cells of each column."""
        cells: dict[str, list[Any]] = {}
        for name, array in given.items():
            if array.size != len(array):
                raise _refuse(name, f'[{len(array)}]', [*array.shape])
            cells[name] = array.ravel().tolist()
        return cells

    def encode(self, parts: Sequence[Mapping[str, Sequence[Any]]]) -> Any:
        """Encode the cells by the schema."""
        return self._table.encode(parts)


class Arrays:
    """The inputs of a model of arrays: a tensor for each leaf of its tree."""

    def __init__(self, model: Model):
        positional, _ = model.program.in_tree.children()  # of the program (weights, inputs)
        self._tree = positional.children()[1]
        leaves = model.program.in_avals[-self._tree.num_leaves :]
        paths = jax.tree_util.tree_leaves_with_path(jax.tree.unflatten(self._tree, leaves))
        self.tensors = tuple(
            Tensor(_name(path), datatype_of(leaf.dtype), (-1, *map(int, leaf.shape[1:])))
            for path, leaf in paths
        )

    def example(self) -> Any:
        """Return a row of zeros."""
        leaves = [np.zeros((1, *shape[1:]), dtype_of(name)) for _, name, shape in self.tensors]
        return jax.tree.unflatten(self._tree, leaves)

    def read(self, given: Mapping[str, np.ndarray]) -> Any:
        """Check the types and the shapes."""
        leaves = []
        for name, datatype, shape in self.tensors:
            array = given[name]
            if array.shape[1:] != shape[1:]:
                raise _refuse(name, f'[rows, {str(shape[1:])[1:-1]}]', [*array.shape])
            found = BYTES if array.dtype == object else datatype_of(array.dtype)
            if found != datatype:
                raise RefusedError(
                    422, f'Input {shown(name)}: the type should be {datatype}. Found {found}.'
                )
            leaves.append(array)
        return jax.tree.unflatten(self._tree, leaves)

    def encode(self, parts: Sequence[Any]) -> Any:
        """Join the arrays."""
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator='/') or 'inputs'


def _refuse(name: str, right: str, found: Any) -> RefusedError:
    return RefusedError(
        422, f'Input {shown(name)}: the shape should be {right}. Found {shown(found)}.', column=name
    )
