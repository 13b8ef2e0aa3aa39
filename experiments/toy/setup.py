"""The problem, the starting points and the methods of a config."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optax
from ml_collections import ConfigDict

from experiments.build import build
from experiments.program import UsageError
from experiments.toy.problems import Problem
from mtljax._near import did_you_mean
from mtljax.base import Weighting

_FIELDS = ('seed', 'dtype', 'problem', 'starts', 'steps', 'keep_every', 'optimizer', 'methods')
_PARTS = ('weighting', 'surgery', 'clip', 'each', 'aim')


@dataclass(frozen=True)
class Method:
    """A method to compare.

    Attributes:
      weighting: A function that makes the weighting. If ``each`` is given, its argument is a row of
        it.
      tx: The optax chain: surgery, clipping and optimizer.
      each: The first argument of the weighting for each start, ``[R, ...]``, or None.
      aim: The rays ``[R, 2]`` that the final losses should lie on, or None.
    """

    weighting: Callable[..., Weighting]
    tx: optax.GradientTransformationExtraArgs
    each: np.ndarray | None
    aim: np.ndarray | None


@dataclass(frozen=True)
class Setup:
    """Everything that a config describes.

    Attributes:
      problem: The losses and their Pareto set.
      starts: The starting points, ``[R, P]``.
      methods: The methods by name, in the order of the config.
      steps: The number of steps of every run.
      keep_every: The number of steps between two points of a trajectory.
      seed: The seed of the random draws of a method.
      dtype: The floating-point type, ``'float64'`` or ``'float32'``.
    """

    problem: Problem
    starts: np.ndarray
    methods: dict[str, Method]
    steps: int
    keep_every: int
    seed: int
    dtype: str


def read_setup(config: ConfigDict, only: Sequence[str] | None = None) -> Setup:
    """Build everything, so that every error of the config is raised before a run starts.

    Args:
      config: The config of a toy problem.
      only: The names of the methods to run, or None for all methods.

    Raises:
      UsageError: A field is missing or cannot be built.
    """
    spec = config.to_dict()
    missing = [field for field in _FIELDS if field not in spec]
    if missing:
        raise UsageError(
            f'The config of a toy problem should have the fields {missing}. Found {sorted(spec)}.'
        )
    _check_numbers(spec)
    problem = build(spec['problem'], 'problem')
    starts = np.asarray(build(spec['starts'], 'starts'))
    _check_points(problem, starts)
    methods = {
        name: _method(name, spec['methods'][name], spec['optimizer'], len(starts))
        for name in _chosen(only, spec['methods'])
    }
    numbers = {field: spec[field] for field in ('steps', 'keep_every', 'seed', 'dtype')}
    return Setup(problem, starts, methods, **numbers)


def _chosen(only: Sequence[str] | None, methods: Mapping[str, Any]) -> list[str]:
    unknown = sorted(set(only or ()) - set(methods))
    if unknown:
        raise UsageError(
            f'--methods should be among the methods of the config, {", ".join(methods)}. '
            f'Found {unknown}.{did_you_mean(unknown, methods)}'
        )
    return list(methods if only is None else dict.fromkeys(only))


def _check_numbers(spec: Mapping[str, Any]) -> None:
    steps, every = spec['steps'], spec['keep_every']
    if not 0 < every <= steps or steps % every:
        raise UsageError(
            'config.steps should be a multiple of config.keep_every, both above 0. '
            f'Found steps = {steps}, keep_every = {every}.'
        )
    if spec['dtype'] not in ('float32', 'float64'):
        raise UsageError(f"config.dtype should be 'float32' or 'float64'. Found {spec['dtype']!r}.")


def _check_points(problem: Any, starts: np.ndarray) -> None:
    if not isinstance(problem, Problem):
        raise UsageError(f'config.problem should make a Problem. Found {problem!r}.')
    size = problem.pareto.shape[1]
    if starts.ndim != 2 or starts.shape[1] != size:
        raise UsageError(f'config.starts should be points [R, {size}]. Found shape {starts.shape}.')


def _method(name: str, spec: Mapping[str, Any], optimizer: Any, num: int) -> Method:
    field = f'methods.{name}'
    if set(spec) != set(_PARTS):
        raise UsageError(f'config.{field} should have the fields {_PARTS}. Found {sorted(spec)}.')
    each, aim = (_rows(spec[part], f'{field}.{part}', num) for part in ('each', 'aim'))

    def weighting(*row):
        return build(spec['weighting'], f'{field}.weighting', *row)

    weighting(*([] if each is None else [each[0]]))  # raises errors now, before any run
    method = build(spec['surgery'], f'{field}.surgery')
    clip = _clip(spec['clip'], f'{field}.clip')
    chain = optax.chain(method, clip, build(optimizer, 'optimizer'))
    return Method(weighting, optax.with_extra_args_support(chain), each, aim)


def _clip(norm: float | None, field: str) -> optax.GradientTransformation:
    if norm is None:
        return optax.identity()
    if not norm > 0:
        raise UsageError(f'config.{field} should be a number > 0, or None. Found {norm}.')
    return optax.clip_by_global_norm(norm)


def _rows(spec: Any, field: str, num: int) -> np.ndarray | None:
    rows = build(spec, field)
    if rows is not None and len(rows) != num:
        raise UsageError(f'config.{field} should have one row per start, {num}. Found {len(rows)}.')
    return rows
