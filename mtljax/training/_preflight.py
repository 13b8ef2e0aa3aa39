"""Checks before training starts and before anything is compiled."""

from collections.abc import Sequence
from typing import Any

import jax
import optax

from mtljax.base import Dataset, MultiTask, TrainState
from mtljax.module import shapes
from mtljax.options import check_seed
from mtljax.training._check import check_batch, with_rows
from mtljax.training._features import check_augment
from mtljax.training._labels import check_labels, ranges_of
from mtljax.training._options import Options
from mtljax.training._parallel import check_batch_size
from mtljax.training._select import check_score
from mtljax.training._step import TrainStep
from mtljax.training._unlabelled import check_labelled
from mtljax.training._weights import check_weights


def preflight(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    **keywords: Any,
) -> None:
    """Check before training that model, data set, optimizer and options fit each other.

    The check uses the shapes of all arrays, and the values of the labels in memory.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: An `Options` object. You can pass its fields as keywords instead.
      **keywords: Fields of `Options`. Without ``options``, ``steps`` and ``batch_size`` are
        required.

    Raises:
      ValueError: The arguments do not fit each other. `train` would raise the same error.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> preflight(model, digits, tx, steps=4, batch_size=128)
    Traceback (most recent call last):
    ValueError: batch_size should be at most the 64 training examples. Found batch_size = 128.
    """
    options = Options.of(options, **keywords)
    check_arguments(options, dataset, tx)
    step = options.step(model, dataset.tasks, tx)
    check_weights(dataset)
    check_labelled(model.tasks, dataset, options.allow_unlabelled)
    state = jax.eval_shape(step.init, jax.random.key(0), dataset.train.example)
    check_labels(dataset, ranges_of(model, dataset, state))


def check_arguments(options: Options, dataset: Any, tx: Any, seeds: Sequence[int] = (0,)) -> None:
    """Raise a ValueError unless these are options, a data set and an optax chain that fit."""
    for seed in seeds:
        check_seed('seed', seed)
    if not isinstance(dataset, Dataset):
        raise ValueError(
            'dataset should be a Dataset, such as the result of data.arrays. '
            f'Found {dataset!r:.200}.'
        )
    if not callable(getattr(tx, 'init', None)) or not callable(getattr(tx, 'update', None)):
        raise ValueError(
            'tx should be an optax chain, such as optax.chain(surgery.sum(), optax.adam(1e-3)). '
            f'Found {tx!r:.200}.'
        )
    check_augment(dataset, options.augment)
    check_batch_size(options.batch_size, options.micro_batches, dataset.train.size)
    check_score(options.score, dataset.tasks)


def checked_start(model: MultiTask, dataset: Dataset, step: TrainStep, seed: int) -> TrainState:
    """Check that every split fits the model, and return the initial state."""
    splits = {'train': dataset.train, 'validation': dataset.validation, 'test': dataset.test}
    for name, split in splits.items():
        if split.size < 1:
            raise ValueError(f'The {name} split is empty. It should hold at least one example.')
    state = step.init(jax.random.key(seed), dataset.train.example)
    for split in splits.values():
        example = with_rows(shapes(split.example))
        check_batch(model, dataset.tasks, state.params, state.state, example)
    return state
