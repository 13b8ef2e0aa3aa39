"""Check what the user asks for, before any data or checkpoint is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from experiments.convert import configs
from experiments.program import UsageError, refuse_comparison
from mtljax import moves
from mtljax.moves import Move


class Request(NamedTuple):
    """What the user asks for.

    Attributes:
      source: The folder of a run of `experiments.train`.
      scheme: The new sharing scheme.
      workdir: A new folder.
      newest: Whether the newest checkpoint is moved. If False, it is the best checkpoint.
      noise: The noise on the experts, relative to the size of each parameter.
      options: Changes of the config, each ``'field.of.the.config=value'``.
      trust: Packages whose functions the config of the source may name.
    """

    source: Path
    scheme: str
    workdir: Path
    newest: bool = False
    noise: float = 0.0
    options: Sequence[str] = ()
    trust: Sequence[str] = ()


class Plan(NamedTuple):
    """A request whose folders and configs were checked.

    Attributes:
      request: The request.
      config: The config of the source.
      new_config: The config of the new run.
      move: The move from the scheme of the source to the new one.
    """

    request: Request
    config: ConfigDict
    new_config: ConfigDict
    move: Move


def plan(request: Request) -> Plan:
    """Check a request and read the config of its source.

    Raises:
      UsageError: The new folder is not empty, the source holds no config, the move is not defined
        or takes no noise, or an option does not fit the config.
    """
    _check_free(request.workdir)
    refuse_comparison(request.source, '--from', 'convert')
    config = configs.read_config(request.source, request.trust)
    move = _move_between(configs.scheme_of(config), request.scheme, request.noise)
    new_config = configs.with_scheme(config, request.scheme, request.options)
    return Plan(request, config, new_config, move)


def _check_free(workdir: Path) -> None:
    if workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
        raise UsageError(
            f'--workdir should be a new or an empty folder. Found files in {workdir}. '
            'Choose another --workdir.'
        )


def _move_between(source: str, target: str, noise: float) -> Move:
    try:
        return moves.between(source, target, noise=noise)
    except ValueError as error:
        raise UsageError(f'--to={target} and --noise={noise} do not fit. {error}') from error
