"""Run frozen first stages once per example instead of once per step."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import Progress

from mtljax.base import Batch, Dataset, Module, Split
from mtljax.data import ArraySplit
from mtljax.module import freeze, output_shape, serial, shapes
from mtljax.options import check_count, check_seed
from mtljax.tracing import free_memory
from mtljax.training._features import Features


class Precomputed(NamedTuple):
    """The result of `precompute`.

    Attributes:
      dataset: The data set, in memory. Its inputs are the stored `Features`. Its targets and masks
        are those of the original data set.
      backbone: The backbone for these features. Its first stage replaces the frozen stages and has
        no trainable parameters. The other stages are those of the original backbone.
      whole: The backbone for the original inputs. Its parameters and state have the same structure
        as those of ``backbone``. Use it to serve the model, or to train on the original inputs.
    """

    dataset: Dataset
    backbone: tuple[Module, ...]
    whole: tuple[Module, ...]


def precompute(
    dataset: Dataset,
    backbone: tuple[Module, ...],
    stages: int,
    *,
    seed: int = 0,
    dtype: Any = None,
    batch_size: int = 128,
    progress: str | None = None,
) -> Precomputed:
    """Freeze the first stages of a backbone, run them once per example, and store their outputs.

    A training step then runs only the other stages. The result has two backbones: ``backbone``
    reads the stored outputs (the features), and ``whole`` reads the original inputs. In both, the
    first stages are frozen, as with `module.freeze`. Training a model with either backbone gives
    the same losses, gradients and parameters up to rounding.

    The frozen stages become one stage, which runs in evaluation mode. Its parameters are drawn or
    loaded once. If a sharing scheme makes several copies of the backbone, these parameters are the
    same in all copies. The parameters are stored in the state of the model, so a checkpoint
    contains the complete model. Models with either backbone can read it. Training on the features
    with augmentation raises an error, because the stored features cannot follow the augmented
    inputs.

    Args:
      dataset: The data set. Its training, validation and test splits are read once, in this order.
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      stages: The number of first stages that are frozen and run once, at least 1.
      seed: The seed of the parameters of the frozen stages. It has no effect on pretrained
        parameters.
      dtype: The dtype in which floating-point features are stored, for example ``'bfloat16'`` to
        save memory. None means the dtype of the output of the stages. A model that reads the
        features casts them back to the dtype of the output.
      batch_size: The number of examples per batch.
      progress: The title of a progress bar. None shows no bar.

    Returns:
      A `Precomputed` with the data set of features and the two backbones.

    Raises:
      ValueError: An option is out of range, the data set has separate inputs for each task, the
        inputs are already `Features`, or the features and targets do not fit into the free memory.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=6, validation=2, test=2)
    >>> fast = precompute(digits, backbones.mlp((8, 4)), 1)
    >>> fast.dataset.train.example.inputs.values.shape, len(fast.backbone), len(fast.whole)
    ((2, 8), 2, 2)
    >>> slow = sharing.hard(fast.whole, digits.heads)
    >>> params, state = slow.init(jax.random.key(0), digits.test.example.inputs)
    >>> images = slow.apply(params, state, digits.test.example.inputs)[0]
    >>> model = sharing.hard(fast.backbone, digits.heads)
    >>> features = model.apply(params, state, fast.dataset.test.example.inputs)[0]
    >>> bool(abs(images['left'] - features['left']).max() < 1e-5)
    True
    """
    check_seed('seed', seed)
    _check(dataset, backbone, stages, batch_size)
    if dtype is not None and not jnp.issubdtype(dtype, jnp.floating):
        raise ValueError(f'dtype should be a floating-point dtype. Found dtype = {dtype!r}.')
    inputs = dataset.train.example.inputs
    prefix = freeze(serial(*backbone[:stages]))
    drawn = jax.jit(lambda key: prefix.init(key, shapes(inputs)))(jax.random.key(seed))
    run = jax.jit(lambda variables, x: _cast(prefix.apply(*variables, x)[0], dtype))
    splits = {name: getattr(dataset, name) for name in ('train', 'validation', 'test')}
    parts: dict[str, Any] = _all(splits, functools.partial(run, drawn), batch_size, progress)
    params, state = fixed = jax.device_get(drawn)

    def init(key, x):
        return jax.tree.map(jnp.asarray, fixed)  # a copy: the buffers of a state may be donated

    read = _reader(output_shape(prefix, params, state, inputs))
    return Precomputed(
        dataclasses.replace(dataset, **parts),
        (Module(init, read), *backbone[stages:]),
        (Module(init, prefix.apply), *backbone[stages:]),
    )


def _check(dataset: Dataset, backbone: Any, stages: Any, batch_size: Any) -> None:
    check_count('stages', stages, 1)
    check_count('batch_size', batch_size, 1)
    if not isinstance(backbone, tuple) or stages > len(backbone):
        raise ValueError(
            'stages should be at most the number of stages of the backbone, a tuple of Modules. '
            f'Found stages = {stages}, backbone = {backbone!r}.'
        )
    if dataset.per_task_inputs or isinstance(dataset.train.example.inputs, Features):
        raise ValueError(
            'The inputs should be the same for all tasks, and should not be stored features yet. '
            'Found other inputs, which cannot be stored.'
        )


def _all(
    splits: Mapping[str, Split], run: Callable[[Any], Any], batch_size: int, title: str | None
) -> dict[str, ArraySplit]:
    """Check that all features fit into memory, and return every split with features as inputs."""
    like = {name: _like(split, run) for name, split in splits.items()}
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(like))
    _check_memory(size)
    count = sum(split.size for split in splits.values())
    with Progress(disable=title is None) as bar:
        task = bar.add_task(f'{title}: {count:,} examples, {size / 2**20:,.0f} MiB', total=count)
        return {
            name: _fill(split, like[name], run, batch_size, functools.partial(bar.advance, task))
            for name, split in splits.items()
        }


def _like(split: Split, run: Callable[[Any], Any]) -> Batch:
    """Return the shapes of all examples of a split."""
    example = split.example
    rows = example._replace(inputs=Features(jax.eval_shape(run, example.inputs)))
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((split.size, *leaf.shape[1:]), leaf.dtype), rows
    )


def _fill(
    split: Split,
    like: Batch,
    run: Callable[[Any], Any],
    batch_size: int,
    advance: Callable[[int], None],
) -> ArraySplit:
    whole = jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), like)
    batch_size = min(batch_size, split.size)
    for start in range(0, split.size, batch_size):
        rows = np.arange(start, start + batch_size)
        batch = split.take(np.minimum(rows, split.size - 1))  # of one size: compiled once
        part = batch._replace(inputs=Features(run(batch.inputs)))
        count = min(batch_size, split.size - start)
        for leaf, found in zip(jax.tree.leaves(whole), jax.tree.leaves(part), strict=True):
            leaf[start : start + count] = np.asarray(found)[:count]
        advance(count)
    return ArraySplit(whole)


def _reader(like: Any) -> Callable:
    """Return the ``apply`` of a stage that returns the features in their own dtypes."""

    def read(params, state, x, *, key=None, train=False):
        if not isinstance(x, Features):
            raise ValueError(
                'The input of this backbone should be the stored features of a data set. '
                f'Found {jax.tree.map(jnp.shape, x)}. Build the model on Precomputed.whole for the '
                'original inputs.'
            )
        return jax.tree.map(lambda leaf, kind: leaf.astype(kind.dtype), x.values, like), state

    return read


def _cast(tree: Any, dtype: Any) -> Any:
    """Cast floating-point leaves; integers, such as the places of maxima, do not change."""

    def cast(leaf):
        return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return tree if dtype is None else jax.tree.map(cast, tree)


def _check_memory(needed: int) -> None:
    free = free_memory()
    if free is not None and needed > free:
        raise ValueError(
            f'Features and targets should fit into the free memory of {free / 2**30:,.1f} GiB. '
            f"Found {needed / 2**30:,.1f} GiB. Use dtype='bfloat16', stages with a smaller output, "
            'or fewer examples.'
        )
