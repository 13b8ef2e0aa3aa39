"""Build the objects that a config describes, for the programs.

`mtljax.build` does the work. If the user can correct an error, it becomes a UsageError, and the
program ends with one line.
"""

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

from ml_collections import ConfigDict

from experiments import program
from experiments.program import UsageError
from mtljax import build as _build
from mtljax import training
from mtljax.base import Dataset
from mtljax.build import Prepared, Setup
from mtljax.surgery import Surgery


def build(spec: Any, field: str, *args: Any) -> Any:
    """Call `mtljax.build.make`.

    Raises:
      UsageError: The spec cannot be built.
    """
    return _guarded(_build.make, spec, field, *args)


def shared_surgery(spec: Any) -> Surgery:
    """Call `mtljax.build.shared_surgery`.

    Raises:
      UsageError: The surgery cannot be built.
    """
    return _guarded(_build.shared_surgery, spec)


# What the configs of this repository name, beside the public functions of mtljax and optax.
OF_CONFIGS = (
    'experiments.advise.planted:backbone',
    'experiments.advise.planted:planted',
    'experiments.forecast.networks:head',
    'experiments.forecast.networks:penalised_adam',
    'experiments.forecast.networks:trunk',
    'experiments.toy.preferences:random_shares',
    'experiments.toy.preferences:rays',
    'experiments.toy.preferences:toward',
    'experiments.toy.problems:box',
    'experiments.toy.problems:fonseca',
    'experiments.toy.problems:valley',
    'experiments.toy.published:mgda',
)


def check_names(config: ConfigDict, trust: Sequence[str]) -> None:
    """Call `mtljax.build.check_names`, for the config of a folder that may come from a stranger.

    Args:
      config: The config.
      trust: Packages whose functions are all safe, from the flag ``--trust``.

    Raises:
      UsageError: The config names another function.
    """
    try:
        _build.check_names(config.to_dict(), known=OF_CONFIGS, trust=trust)
    except ValueError as error:
        raise UsageError(f'{error} To do this, pass --trust=PACKAGE.') from error


def check_fields(config: ConfigDict) -> None:
    """Raise a UsageError unless the config has all fields of a training."""
    _guarded(_build.check_fields, config.to_dict())


def setup(config: ConfigDict, dataset: Dataset | Prepared | None = None) -> Setup:
    """Call `mtljax.build.setup`.

    Raises:
      UsageError: A field cannot be built. The message names the field.
    """
    return _guarded(_build.setup, config.to_dict(), dataset)


def prepare(config: ConfigDict, dataset: Dataset | None = None) -> Prepared:
    """Call `mtljax.build.prepare`.

    Raises:
      UsageError: A field cannot be built. The message names the field.
    """
    return _guarded(_build.prepare, config.to_dict(), dataset)


def prepared_by(config: ConfigDict) -> dict[str, Any]:
    """Call `mtljax.build.prepared_by`."""
    return _build.prepared_by(config.to_dict())


def datasets() -> Callable[[ConfigDict], Dataset]:
    """Return a function from ``config.data`` to its data set. Each data set is built once."""

    @functools.cache
    def made(spec: str) -> Dataset:
        return build(json.loads(spec), 'data')

    return lambda spec: made(spec.to_json(sort_keys=True))


def train(built: Setup, **more: Any) -> training.Result:
    """Call `training.train` on a setup.

    Raises:
      UsageError: The setup does not fit together.
    """
    with program.stop.training():
        return _guarded(training.train, *built, stop=program.stop, **more)


def should_vmap_seeds(built: Setup, seeds: Sequence[int]) -> tuple[bool, str]:
    """Call `training.should_vmap_seeds` on a setup.

    Raises:
      UsageError: The setup does not fit together.
    """
    return _guarded(training.should_vmap_seeds, *built, seeds=seeds)


def check(built: Setup) -> None:
    """Call `training.preflight` on a setup.

    Raises:
      UsageError: The setup does not fit together.
    """
    _guarded(training.preflight, *built)


def find_learning_rate(
    built: Setup, tx_of: Callable[[Any], Any], **more: Any
) -> training.RateCurve:
    """Call `training.find_learning_rate` on a setup.

    Raises:
      UsageError: The setup does not fit together.
    """
    model, dataset, _, options = built
    return _guarded(training.find_learning_rate, model, dataset, tx_of, options, **more)


def train_seeds(built: Setup, seeds: Sequence[int], progress: str) -> list[training.Result]:
    """Call `training.train_seeds` on a setup. Several seeds are one program.

    Raises:
      UsageError: The setup does not fit together.
    """
    together = len(seeds) > 1
    with program.stop.training():
        return _guarded(
            training.train_seeds,
            *built,
            seeds=seeds,
            together=together,
            progress=progress,
            stop=program.stop,
        )


def _guarded(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    try:
        return function(*args, **keywords)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        message = f'KeyError: {error}' if isinstance(error, KeyError) else str(error)
        raise UsageError(message) from error
