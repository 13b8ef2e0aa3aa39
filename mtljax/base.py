"""The central types, and nothing else.

A model is a pure function over a parameter tree; every multi-task technique is a transform of that
tree or of its gradients.

Shape legend, used in every file: ``T`` tasks, ``B`` batch, ``E`` experts, ``S`` stages,
``D`` devices, ``P`` parameters.

Types that hold functions are frozen dataclasses, because a tuple of functions would be a pytree.
Types that hold arrays, and pairs as in optax, are NamedTuples.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
from jax.typing import ArrayLike

Array = jax.Array
Key = jax.Array
PyTree = Any
Params = PyTree
State = PyTree


@dataclass(frozen=True)
class Module:
    """A stage, a head or an expert: a pair of pure functions.

    Attributes:
      init: ``(key, x) -> (params, state)``; ``x`` holds arrays or ``jax.ShapeDtypeStruct``.
      apply: ``(params, state, x, *, key=None, train=False) -> (y, state)``. ``state`` holds values
        that are not trained (batch statistics, frozen parameters); it is ``{}`` for plain modules.
    """

    init: Callable[..., tuple[Params, State]]
    apply: Callable[..., tuple[Any, State]]


@dataclass(frozen=True)
class MultiTask(Module):
    """The model of a sharing scheme: a module whose output is ``{task: prediction}``.

    ``params == {'shared': ..., 'task': {'heads': {task: ...}, ...}}``. A subtree that the losses of
    several tasks reach lies under ``'shared'``. A subtree that the loss of a single task reaches
    lies under ``'task'``.

    Attributes:
      features: ``(params, state, x, *, key, train) -> (z, state)``; it reads
        ``params['shared']`` only.
      readout: ``(params, state, z, *, tasks=None, key, train) -> ({task: prediction}, state)``:
        everything after ``z``. It computes only ``tasks`` if they are given.
      tasks: The names of the tasks, in the order of every T axis.
      coupled: Whether ``readout`` reads ``params['shared']`` too. Otherwise engines do not pass it.
      auxiliary: ``(state, task) -> scalar``. Training adds it to the mean loss of that task, for
        example the entropy of a gate, which ``readout`` has put into the state.
    """

    features: Callable[..., tuple[Any, State]] = field(kw_only=True)
    readout: Callable[..., tuple[dict[str, Any], State]] = field(kw_only=True)
    tasks: tuple[str, ...] = field(kw_only=True)
    coupled: bool = field(default=False, kw_only=True)
    auxiliary: Callable[[State, str], Array] | None = field(default=None, kw_only=True)


class Metric(NamedTuple):
    """Sums that are added over batches and devices, and a result of them.

    Attributes:
      update: ``(prediction, target, mask) -> sums``; ``mask`` holds booleans ``[B, ...]``.
      result: ``(sums) -> scalar``.
      higher_is_better: The direction of improvement.
      collects: Whether the leaves of ``update`` are rows ``[n, ...]`` in place of sums. They are
        concatenated as NumPy arrays, for metrics that need all predictions of a split at once.
    """

    update: Callable[[Any, Any, Array], PyTree]
    result: Callable[[PyTree], ArrayLike]
    higher_is_better: bool
    collects: bool = False


@dataclass(frozen=True)
class Task:
    """A head, the loss that trains it and the metrics that judge it.

    Attributes:
      head: A `Module` from features to a prediction.
      loss: ``(prediction, target) -> [B, ...]``, one loss per example (or pixel, or time step).
      metrics: ``{name: Metric}``; the first is the main metric of the task.
      inverse: A function that brings a target or a prediction back to the units of the user, if the
        data set has scaled them: ``task.inverse(prediction)``. Metrics are in these units already.
    """

    head: Module
    loss: Callable[[Any, Any], Array]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    inverse: Callable[[Any], Any] = lambda y: y

    def __post_init__(self):
        if not isinstance(self.head, Module):
            raise ValueError(f'Task.head should be a Module. Found head = {self.head!r}.')
        if not callable(self.loss):
            raise ValueError(
                'Task.loss should be a function (prediction, target) -> [B, ...]. '
                f'Found loss = {self.loss!r}.'
            )
        if not callable(self.inverse):
            raise ValueError(
                f'Task.inverse should be a function. Found inverse = {self.inverse!r}.'
            )
        for name, metric in self.metrics.items():
            if not isinstance(metric, Metric):
                raise ValueError(f'Task.metrics[{name!r}] should be a Metric. Found {metric!r}.')


class Batch(NamedTuple):
    """Examples: inputs (any tree), and one target and one mask per task.

    ``mask[task]`` says which labels exist. It holds booleans ``[B]``, or of a longer prefix of the
    shape of the loss.
    """

    inputs: PyTree
    targets: dict[str, Any]
    mask: dict[str, Any]


@runtime_checkable
class Split(Protocol):
    """Part of a data set, of known size, with random access."""

    @property
    def size(self) -> int:
        """The number of examples."""
        ...

    @property
    def example(self) -> Batch:
        """A small batch, for shapes and dtypes."""
        ...

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices`` (a NumPy array of integers), as NumPy arrays."""
        ...

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0) -> Iterator[Batch]:
        """Shuffled batches of equal size, for ``epochs`` passes."""
        ...


@dataclass(frozen=True)
class Dataset:
    """Tasks and the three splits.

    Attributes:
      tasks: ``{task: Task}``. Their order is the order of every T axis.
      train: The examples that the parameters are fitted to.
      validation: The examples for the choice of models, steps and options.
      test: The examples for a single evaluation at the end.
      inputs: Keyword arguments of a backbone that describe the inputs: ``{'cardinalities': (3, 5),
        'numeric': 1}`` for `backbones.tabular`.
      per_task_inputs: Whether inputs are ``{task: x}``, with separate examples for each task; see
        `sharing.multi_input`.
    """

    tasks: Mapping[str, Task]
    train: Split
    validation: Split
    test: Split
    inputs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    per_task_inputs: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        if not self.tasks:
            raise ValueError('Dataset.tasks should hold at least one task. Found no task.')
        for name, task in self.tasks.items():
            if not isinstance(task, Task):
                raise ValueError(f'Dataset.tasks[{name!r}] should be a Task. Found {task!r}.')

    @property
    def apart(self) -> bool:
        """The old name of ``per_task_inputs``."""
        warnings.warn(
            'Dataset.apart is now Dataset.per_task_inputs.', DeprecationWarning, stacklevel=2
        )
        return self.per_task_inputs

    @property
    def heads(self) -> dict[str, Module]:
        """The head of each task, in the order of ``tasks``."""
        return {name: task.head for name, task in self.tasks.items()}


class TrainState(NamedTuple):
    """The state of training between two steps; `key` is the only source of randomness."""

    step: Array
    params: Params
    state: State
    weighting: PyTree
    opt_state: PyTree
    key: Key


class Weighting(NamedTuple):
    """Weights of the losses, chosen before anything is differentiated.

    Attributes:
      init: ``(num_tasks) -> state``.
      update: ``(losses [T], state, *, active [T], key) -> (weights [T], state)``.
      observe: ``(losses_after [T], state, *, active [T]) -> state``. It gets the losses of the same
        batch at the new parameters, for weightings that use them.
    """

    init: Callable[[int], PyTree]
    update: Callable[..., tuple[Array, PyTree]]
    observe: Callable[..., PyTree] | None = None


@runtime_checkable
class Jacobian(Protocol):
    """Per-task gradients. A method does not know which engine computed them.

    It is an opaque leaf inside one trace, never a pytree. ``J`` below has one row per task.
    """

    @property
    def num_tasks(self) -> int:
        """T."""
        ...

    def scale(self, weights: ArrayLike) -> 'Jacobian':
        """``diag(w) J``, lazily."""
        ...

    def realise(self) -> 'Jacobian':
        """Compute the rows once, for engines that hold rows; others return themselves."""
        ...

    def gramian(self) -> Array:
        """``J J^T``, ``[T, T]``, at least float32."""
        ...

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """The norms of the rows ``[T]`` and their cosines ``[T, T]``, at least float32.

        They are accurate where squares in the Gramian would overflow or underflow, at the cost of a
        second Gramian, and are 0 for a zero row. Values of rows that are not ``active`` have no
        meaning.
        """
        ...

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` in the shape of the parameters; ``w`` is 1 for every task by default."""
        ...

    def stacked(self) -> Params:
        """The rows, as a tree of leaves ``[T, ...]``."""
        ...
