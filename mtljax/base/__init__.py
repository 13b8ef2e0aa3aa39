"""The types that all packages use.

A model is a pair of pure functions that make and read a tree of parameters. Every multi-task
technique is a transform of this tree or of its gradients.

Shapes use the same letters in every file: ``T`` tasks, ``B`` examples of a batch, ``E`` experts,
``S`` stages, ``D`` devices, ``P`` parameters.

A type that holds arrays is a NamedTuple. A type that holds functions is a frozen dataclass, because
a tuple of functions would be a pytree. The exceptions are small groups of functions, such as
`Weighting` and `Metric`: they are NamedTuples, as in optax.
"""

from mtljax.base._arrays import Array, Key, Params, PyTree, State
from mtljax.base._data import Batch, Dataset, Split
from mtljax.base._jacobian import Jacobian
from mtljax.base._module import Module, MultiTask
from mtljax.base._task import Answer, Metric, Task
from mtljax.base._training import TrainState, Weighting

__all__ = [
    'Answer',
    'Array',
    'Batch',
    'Dataset',
    'Jacobian',
    'Key',
    'Metric',
    'Module',
    'MultiTask',
    'Params',
    'PyTree',
    'Split',
    'State',
    'Task',
    'TrainState',
    'Weighting',
]
