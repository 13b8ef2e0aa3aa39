"""The types that all packages use.

A model is a pair of pure functions that make and read a tree of parameters. Every multi-task
technique is a transform of this tree or of its gradients.

Shapes use the same letters in every file: ``T`` tasks, ``B`` examples of a batch, ``E`` experts,
``S`` stages, ``D`` devices, ``P`` parameters.

A type that holds arrays is a NamedTuple. A type that holds functions is a frozen dataclass, because
a tuple of functions would be a pytree. The exceptions are small groups of functions, such as
`Weighting` and `Metric`: they are NamedTuples, as in optax.
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
    """A part of a network, such as a layer, a head or an expert, as two pure functions.

    The parameters are trained. The state holds all other arrays of the module, such as batch
    statistics and frozen parameters. It is ``{}`` for a module without such arrays.

    Attributes:
      init: ``(key, x) -> (params, state)``, which makes the initial parameters and the initial
        state. ``x`` is an example of the inputs, or holds their shapes (``jax.ShapeDtypeStruct``).
      apply: ``(params, state, x, *, key=None, train=False) -> (y, state)``, which computes the
        output ``y`` and the new state. A key is needed only for random numbers in training.
    """

    init: Callable[..., tuple[Params, State]]
    apply: Callable[..., tuple[Any, State]]


@dataclass(frozen=True)
class MultiTask(Module):
    """A model of several tasks: a `Module` whose output is ``{task: prediction}``.

    ``features`` computes features ``z`` from the inputs. ``readout`` computes the predictions from
    ``z``. ``apply`` runs ``features`` and then ``readout``.

    The parameters are ``{'shared': ..., 'task': {'heads': {task: ...}, ...}}``. A parameter lies
    under ``'shared'`` if the losses of several tasks depend on it. It lies under ``'task'`` if the
    loss of only one task depends on it.

    Attributes:
      features: ``(params, state, x, *, key, train) -> (z, state)``, a function that reads only
        ``params['shared']``.
      readout: ``(params, state, z, *, tasks=None, key, train) -> ({task: prediction}, state)``.
        ``tasks`` names the tasks to predict; None stands for all tasks.
      tasks: The names of the tasks. Arrays with one entry per task follow this order.
      coupled: Whether ``readout`` also reads ``params['shared']``. If False, ``params`` need not
        hold the entry ``'shared'`` in a call of ``readout``.
      auxiliary: ``(state, task) -> scalar``, an extra loss that training adds to the mean loss of
        the task. An example is the entropy of the gate in a mixture of experts. ``readout`` then
        stores this entropy in the state.
    """

    features: Callable[..., tuple[Any, State]] = field(kw_only=True)
    readout: Callable[..., tuple[dict[str, Any], State]] = field(kw_only=True)
    tasks: tuple[str, ...] = field(kw_only=True)
    coupled: bool = field(default=False, kw_only=True)
    auxiliary: Callable[[State, str], Array] | None = field(default=None, kw_only=True)


class Metric(NamedTuple):
    """A metric, as two functions: one evaluates a batch, and the other computes the final value.

    Attributes:
      update: ``(prediction, target, mask) -> sums``, for one batch. ``mask`` holds booleans
        ``[B, ...]`` that say which labels exist. The sums of all batches are added.
      result: ``(sums) -> scalar``, the value of the metric from the total sums.
      higher_is_better: Whether a higher value is better.
      collects: Whether ``update`` returns arrays ``[n, ...]`` instead of sums, where n may be any
        number. The arrays of all batches are then concatenated as NumPy arrays, and ``result`` gets
        them. This is for metrics that need all predictions of a split at once.
    """

    update: Callable[[Any, Any, Array], PyTree]
    result: Callable[[PyTree], ArrayLike]
    higher_is_better: bool
    collects: bool = False


@dataclass(frozen=True)
class Task:
    """One task: its head, the loss that trains it, and the metrics that evaluate it.

    Attributes:
      head: A `Module` that computes the prediction from the features.
      loss: ``(prediction, target) -> [B, ...]``, one loss per example (or per pixel, or per time
        step).
      metrics: ``{name: Metric}``. The first one is the main metric of the task.
      inverse: A function that brings a prediction or a target back to its original unit. It is
        needed only if the data set scales its targets. The metrics do not use it.
      ignore: A label that stands for a missing one, such as 255. The target should be one array.
    """

    head: Module
    loss: Callable[[Any, Any], Array]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    inverse: Callable[[Any], Any] = lambda y: y
    ignore: float | None = None

    def __post_init__(self):
        rules = {
            'head': (isinstance(self.head, Module), 'a Module'),
            'loss': (callable(self.loss), 'a function (prediction, target) -> [B, ...]'),
            'inverse': (callable(self.inverse), 'a function'),
            'ignore': (isinstance(self.ignore, int | float | None), 'a number'),
        }
        for name, (holds, rule) in rules.items():
            if not holds:
                raise ValueError(f'Task.{name} should be {rule}. Found {getattr(self, name)!r}.')
        if 'loss' in self.metrics:
            raise ValueError("Task.metrics should not have the name 'loss'. Choose another name.")
        for name, metric in self.metrics.items():
            if not isinstance(metric, Metric):
                raise ValueError(f'Task.metrics[{name!r}] should be a Metric. Found {metric!r}.')


class Batch(NamedTuple):
    """A batch of B examples: the inputs, and for each task its targets and its label mask.

    Attributes:
      inputs: An array ``[B, ...]``, or a tree of such arrays.
      targets: ``{task: target}``. A target is an array ``[B, ...]``, or a tree of such arrays.
      mask: ``{task: booleans}``, which are True where the label exists. The shape is ``[B]`` for
        one label per example, or for example ``[B, height, width]`` for one label per pixel.
    """

    inputs: PyTree
    targets: dict[str, Any]
    mask: dict[str, Any]


@runtime_checkable
class Split(Protocol):
    """One split of a data set, such as the training split. Any example can be read by its index."""

    @property
    def size(self) -> int:
        """The number of examples."""
        ...

    @property
    def example(self) -> Batch:
        """A small batch, which shows the shapes and dtypes of the examples."""
        ...

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices`` (a NumPy array of integers), as NumPy arrays."""
        ...

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0) -> Iterator[Batch]:
        """Yield shuffled batches of equal size, for ``epochs`` passes over the split."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A data set: its tasks, and its training, validation and test splits.

    Attributes:
      tasks: ``{task: Task}``. Arrays with one entry per task, such as loss weights, follow the
        order of this mapping.
      train: The examples that the parameters are fitted to.
      validation: The examples that are used to choose options, and the best step of a training.
      test: The examples that are used once, for the final evaluation.
      inputs: Keyword arguments for a backbone, which describe the inputs. An example is
        ``{'cardinalities': (3, 5), 'numeric': 1}`` for `backbones.tabular`.
      per_task_inputs: Whether every task has its own inputs. The inputs of a batch are then
        ``{task: inputs of this task}``; see `sharing.multi_input`.
      fitted: What the loader fitted to the training rows, such as categories, as JSON types.
    """

    tasks: Mapping[str, Task]
    train: Split
    validation: Split
    test: Split
    inputs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    per_task_inputs: bool = field(default=False, kw_only=True)
    fitted: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self):
        if not self.tasks:
            raise ValueError('Dataset.tasks should hold a task or more. Found no task.')
        for name, task in self.tasks.items():
            if not isinstance(task, Task):
                raise ValueError(f'Dataset.tasks[{name!r}] should be a Task. Found {task!r}.')

    @property
    def apart(self) -> bool:
        """The old name of ``per_task_inputs``."""
        text = 'Dataset.apart is now Dataset.per_task_inputs.'
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.per_task_inputs

    @property
    def heads(self) -> dict[str, Module]:
        """The head of each task, in the order of ``tasks``."""
        return {name: task.head for name, task in self.tasks.items()}


class TrainState(NamedTuple):
    """The state of training between two steps.

    Attributes:
      step: The number of steps so far.
      params: The parameters of the model.
      state: The state of the model, such as batch statistics.
      weighting: The state of the loss weighting.
      opt_state: The state of the optax chain, which ends with the optimiser.
      key: The random key. All random numbers of the next steps are derived from it.
    """

    step: Array
    params: Params
    state: State
    weighting: PyTree
    opt_state: PyTree
    key: Key


class Weighting(NamedTuple):
    """A rule that chooses the loss weight of each task before the losses are differentiated.

    Attributes:
      init: ``(num_tasks) -> state``, the first state of the rule.
      update: ``(losses [T], state, *, active [T], key) -> (weights [T], state)``. It runs before a
        step. ``active`` says which tasks have a label in the batch. ``key`` is a random key.
      observe: ``(losses_after [T], state, *, active [T]) -> state``. It runs after a step, and gets
        the losses of the same batch at the new parameters. None if the rule does not need them.
    """

    init: Callable[[int], PyTree]
    update: Callable[..., tuple[Array, PyTree]]
    observe: Callable[..., PyTree] | None = None


@runtime_checkable
class Jacobian(Protocol):
    """The gradients of the T task losses: row t of the Jacobian J is the gradient of loss t.

    A surgery method, such as PCGrad, combines the gradients of the tasks. It reads them only
    through the methods of this class. The rows need not exist in memory: an engine, which is a way
    to compute gradients, may compute them when they are needed.

    A Jacobian is not a pytree: JAX treats it as one opaque leaf. It should therefore not be passed
    into or out of a function under `jax.jit`.
    """

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        ...

    def scale(self, weights: ArrayLike) -> 'Jacobian':
        """Multiply row t by ``weights[t]``, and return the new Jacobian, ``diag(weights) J``."""
        ...

    def realise(self) -> 'Jacobian':
        """Compute the rows now, if the engine stores rows. If not, return the same Jacobian."""
        ...

    def gramian(self) -> Array:
        """The inner products of all rows, ``J J^T``, as an array ``[T, T]``, float32 or wider."""
        ...

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """The norm of every row, ``[T]``, and the cosine of every two rows, ``[T, T]``.

        Both results are float32 or wider. They are accurate even if a squared norm overflows or
        underflows. The norm and the cosines of a zero row are 0. ``active`` says which tasks have a
        label in the batch. The values for the other tasks have no meaning.
        """
        ...

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, as a tree like the parameters.

        By default, the weight of every task is 1.
        """
        ...

    def stacked(self) -> Params:
        """The rows, as a tree whose leaves have a leading task axis, ``[T, ...]``."""
        ...
