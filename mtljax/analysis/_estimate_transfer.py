"""Which tasks help each other, estimated without training the subsets of tasks."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from mtljax._near import did_you_mean
from mtljax.analysis._subset_losses import subset_losses, without_ignored
from mtljax.analysis._subspace import Linear, linearised
from mtljax.analysis._subspace_fit import minimise
from mtljax.base import Array, Batch, Dataset, Key, MultiTask, Params, Split, State
from mtljax.options import check_count, check_positive

_STEPS = 20  # of the minimisation; the first one solves a squared loss
_AT_ONCE = 32  # subsets side by side


def estimate_transfer(
    model: MultiTask,
    params: Params,
    state: State,
    dataset: Dataset,
    subsets: Sequence[Sequence[str]],
    *,
    dim: int = 100,
    examples: int = 2000,
    ridge: Any = 0.1,
    key: Key | None = None,
) -> Float[Array, 'S T']:
    """Estimate the validation losses of models that are trained on subsets of the tasks.

    The estimate needs one model that was trained on all tasks, and its gradients. For a subset S,
    it minimises ``sum_(t in S) L_t(f_t + J_t w) + ridge |w|^2`` over w, a vector of d numbers. Here
    ``f_t`` are the predictions of the model for the training examples, and ``J_t w`` is how they
    change, to first order, if the shared parameters change from s to ``s + P w``. The entries of
    the random matrix P are drawn from N(0, 1/d). ``L_t`` is the mean loss of task t (Grad-TAG: Li,
    Sharma, Zhang, KDD 2024, https://arxiv.org/abs/2409.06091; the paper does this for logistic
    losses, and also projects the gradients of the heads).

    The parameters under ``params['task']``, such as the heads, stay as they are: when they moved
    too, the estimates took longer and were no better. All is evaluated with ``train=False``, and
    the auxiliary losses of a model do not count.

    The estimate is local: it says what happens if the trained model is trained further on a subset.
    It finds tasks that pull the shared parameters in opposite directions. It cannot see what a
    subset would have learned from the start, because the model knows all tasks already. See the
    how-to "Find tasks that help each other" for how well it agrees with trained models. To reduce
    the noise, average the result over models with different seeds.

    It costs ``d + 1`` forward passes on N training and M validation examples, and memory for
    ``(d + 1) (N + M)`` predictions of all tasks. Then each subset costs a minimisation of d
    numbers, which runs no network.

    Args:
      model: A multi-task model.
      params: The parameters of the model after training on all tasks.
      state: The state of the model.
      dataset: The data set. The estimate fits the training split, and returns losses on the
        validation split.
      subsets: The subsets, as sequences of task names.
      dim: The number d of directions.
      examples: The largest number of examples that are drawn from each of the two splits.
      ridge: The factor of ``|w|^2``, above 0. If there are few training examples, a larger factor
        is better.
      key: The key of P. None means ``jax.random.key(0)``.

    Returns:
      The mean loss of each task on the validation examples, ``[subsets, T]``, in the order of
        ``model.tasks``. NaN for tasks that are not in the subset or have no label.

    Raises:
      ValueError: A subset is empty or has an unknown task, the model shares no parameters, or an
        option is out of range.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=64, validation=32, test=8)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> variables = model.init(jax.random.key(0), digits.train.example.inputs)
    >>> subsets = [['left'], ['right'], ['left', 'right']]
    >>> losses = estimate_transfer(model, *variables, digits, subsets, dim=10)
    >>> losses.shape, jnp.isnan(losses[0]).tolist()
    ((3, 2), [False, True])
    """
    check_count('dim', dim, 1)
    check_count('examples', examples, 1)
    check_positive('ridge', ridge)
    chosen = _members(subsets, model.tasks)
    _check_tasks(model, params, dataset)
    params, state = _on_one_device((params, state))
    key = jax.random.key(0) if key is None else key
    tasks = {name: dataset.tasks[name] for name in model.tasks}
    fitted, measured = (
        without_ignored(_some(split, examples), tasks)
        for split in (dataset.train, dataset.validation)
    )
    near, far = (
        linearised(model, params, state, batch.inputs, model.tasks, dim, key)
        for batch in (fitted, measured)
    )
    curvatures = jnp.stack([_curvature(tasks, near, fitted, name, dim) for name in tasks])
    labelled = jnp.stack([mask.any() for mask in measured.mask.values()])

    def losses(inside):
        def total(w):
            return subset_losses(tasks, near.at(w), fitted, inside).sum() + ridge * w @ w

        curvature = jnp.where(inside[:, None, None], curvatures, 0).sum(axis=0)
        w = minimise(total, curvature + 2 * ridge * jnp.eye(dim), _STEPS)
        found = subset_losses(tasks, far.at(w), measured, inside)
        return jnp.where(inside & labelled, found, jnp.nan)

    return jax.lax.map(losses, jnp.asarray(chosen), batch_size=_AT_ONCE)


def _members(subsets: Sequence[Sequence[str]], tasks: Sequence[str]) -> np.ndarray:
    """Return whether each task is in each subset, ``[subsets, T]``."""
    rule = f'subsets should be sequences of names of tasks, from {list(tasks)}.'
    if isinstance(subsets, str) or not len(subsets):
        raise ValueError(f"{rule} Found {subsets!r}. Pass at least one, such as [['{tasks[0]}']].")
    for subset in subsets:
        if isinstance(subset, str) or not len(subset):
            raise ValueError(f'{rule} Found the subset {subset!r}.')
        unknown = [name for name in subset if name not in tasks]
        if unknown:
            raise ValueError(f'{rule} Found {unknown}.{did_you_mean(unknown, tasks)}')
    return np.array([[name in subset for name in tasks] for subset in subsets])


def _check_tasks(model: MultiTask, params: Params, dataset: Dataset) -> None:
    missing = [name for name in model.tasks if name not in dataset.tasks]
    if missing:
        raise ValueError(
            f'The data set should have all tasks of the model, {list(model.tasks)}. '
            f'Found no {missing}.'
        )
    if not jax.tree.leaves(params['shared']):
        raise ValueError(
            "The model should have shared parameters. Found none in params['shared'], so its tasks "
            'neither help nor harm each other. Use another sharing scheme.'
        )


def _on_one_device(tree: Any) -> Any:
    """Move arrays to one device: training leaves copies on all of them, which would all work."""

    def move(leaf):
        is_traced = isinstance(leaf, jax.core.Tracer)
        return leaf if is_traced else jax.device_put(leaf, jax.local_devices()[0])

    return jax.tree.map(move, tree)


def _some(split: Split, most: int) -> Batch:
    """Return random examples of a split, the same in each call."""
    return split.take(np.sort(np.random.default_rng(0).permutation(split.size)[:most]))


def _curvature(tasks, near: Linear, batch: Batch, name: str, dim: int) -> Array:
    """Return the second derivatives of the loss of one task at w = 0, ``[d, d]``."""
    part, task = near.of(name), {name: tasks[name]}

    def loss(w):
        return subset_losses(task, part.at(w), batch, jnp.ones(1, bool))[0]

    return jnp.nan_to_num(jax.hessian(loss)(jnp.zeros(dim)))
