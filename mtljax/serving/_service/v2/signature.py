"""What a model takes and returns, as tensors of the Open Inference Protocol."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.serving._model import Model
from mtljax.serving._service.v2.datatypes import BYTES, datatype_of


class Tensor(NamedTuple):
    """A tensor of a model.

    Attributes:
      name: The name.
      datatype: The name of the type of its values.
      shape: The shape, in which -1 stands for the number of rows.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]

    def describe(self) -> dict[str, Any]:
        """Return the tensor as JSON types."""
        return {'name': self.name, 'datatype': self.datatype, 'shape': [*self.shape]}


class Output(NamedTuple):
    """A part of the answer of a task.

    Attributes:
      tensor: The tensor.
      task: The name of the task.
      part: The name of the part.
      names: What a number of the part stands for; empty if it stands for itself.
    """

    tensor: Tensor
    task: str
    part: str
    names: tuple[str, ...]

    def values(self, part: Any) -> np.ndarray:
        """Return the values of the tensor, from the array of the part."""
        array = np.asarray(part)
        return np.array(self.names, object)[array] if self.names else array


def outputs_of(model: Model) -> dict[str, Output]:
    """Return the outputs of a model: one for each part of the answer of each task.

    The only part of an answer has the name of the task. Several parts are ``TASK.PART``.

    Raises:
      ValueError: Two outputs would have one name.
    """
    found: dict[str, Output] = {}
    shapes = jax.tree.unflatten(model.program.out_tree, model.program.out_avals)
    for task in model.tasks:
        for part, leaf in shapes[task].items():
            name = task if len(shapes[task]) == 1 else f'{task}.{part}'
            if name in found:
                raise ValueError(
                    f'The outputs of the model should have different names. '
                    f'Found two {name!r:.100}. Rename a task, and export the model again.'
                )
            meaning = model.manifest['tasks'][task]['parts'].get(part, {})
            names = tuple(map(str, meaning.get('code_of', ())))
            wide = np.float32 if leaf.dtype == jnp.bfloat16 else leaf.dtype
            tensor = Tensor(name, BYTES if names else datatype_of(wide), _shape(leaf))
            found[name] = Output(tensor, task, part, names)
    return found


def _shape(leaf: Any) -> tuple[int, ...]:
    return (-1, *map(int, leaf.shape[1:]))
