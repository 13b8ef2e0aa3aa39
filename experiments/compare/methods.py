"""What a comparison trains: methods, the variants each may choose from, single tasks."""

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from experiments.compare.plan import Plan
from experiments.program import UsageError

BASELINE = 'single-task'
_QUIET = {'sharing': (), 'weighting': ('equal',), 'surgery': ('sum',)}
_RATES = ('learning_rate', 'peak_value', 'init_value')  # of a schedule, its highest value


class Cell(NamedTuple):
    """What is trained once per seed.

    Attributes:
      method: its row in the table.
      variant: what sets it apart from the method's other candidates; '' where it has none.
      task: the only task that is trained; None for all.
      config: of the run.
    """

    method: str
    variant: str
    task: str | None
    config: ConfigDict


def cells(config: ConfigDict, plan: Plan, tasks: Sequence[str]) -> list[Cell]:
    """The single-task baselines, every method, and tuned weights where they are asked for.

    Args:
      config: the common part.
      plan: what to compare.
      tasks: of the data set.

    Raises:
      UsageError: the config has no learning rate to change.
    """
    plain = {'sharing': 'hard', 'weighting': 'equal', 'surgery': 'sum'}
    alone = _changed(config, plain)
    found = [Cell(BASELINE, '', task, alone) for task in tasks]
    own = {field: _short(config[field].fn) for field in plan.lists}
    for chosen in _choices(plan, own):
        _check_names(config, own, chosen)
        different = [name for field, name in chosen.items() if name not in _QUIET[field]]
        found.append(Cell(' + '.join(different), '', None, _changed(config, chosen)))
    if plan.tune and len(tasks) > 1:
        for sharing in plan.lists['sharing'] or [own['sharing']]:
            found += _tuned(_changed(config, plain | {'sharing': sharing}), sharing, len(tasks))
    found = list({(cell.method, cell.variant, cell.task): cell for cell in found}.values())
    if not plan.rates:
        return found
    return [_with_rate(cell, rate) for cell in found for rate in plan.rates]


def _choices(plan: Plan, own: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """One name per field: all combinations, or the config's own with one of them changed."""
    values = {field: names or [own[field]] for field, names in plan.lists.items()}
    if plan.crossed:
        for choice in itertools.product(*values.values()):
            yield dict(zip(values, choice, strict=True))
        return
    for field, names in values.items():
        for name in names:
            yield {**own, field: name}


def static_weights(num_tasks: int) -> np.ndarray:
    """Candidates for constant weights, ``[N, T]``, each with the sum T.

    Five for two tasks, the ten inner points of a lattice for three, ten draws of a flat Dirichlet
    distribution above, beside equal ones.

    >>> static_weights(2).tolist()
    [[0.2, 1.8], [0.6, 1.4], [1.0, 1.0], [1.4, 0.6], [1.8, 0.2]]
    """
    if num_tasks == 2:
        first = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
        shares = np.stack([first, 1 - first], axis=1)
    elif num_tasks == 3:
        points = [p for p in itertools.product(range(1, 5), repeat=3) if sum(p) == 6]
        shares = np.array(points) / 6
    else:
        shares = np.random.default_rng(0).dirichlet(np.ones(num_tasks), 10)
        shares = np.concatenate([np.full((1, num_tasks), 1 / num_tasks), shares])
    return (num_tasks * shares).round(4)


def _tuned(config: ConfigDict, sharing: str, num_tasks: int) -> Iterator[Cell]:
    method = f'{sharing} + tuned weights'
    for weights in static_weights(num_tasks).tolist():
        if len(set(weights)) == 1:
            yield Cell(method, 'equal weights', None, config)
            continue
        changed = config.copy_and_resolve_references()
        changed.weighting = ConfigDict(
            {'fn': 'mtljax.weighting:constant', 'weights': tuple(weights)}
        )
        variant = 'weights ' + ' '.join(f'{weight:g}' for weight in weights)
        yield Cell(method, variant, None, changed)


def _check_names(config: ConfigDict, own: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    """Raise a UsageError where one name says what another name of the row says, too."""
    methods = config.get('methods') or {}
    named = {field: name for field, name in chosen.items() if name != own[field]}
    for field, name in named.items():
        both = [other for other in methods.get(name) or {} if other in named and other != field]
        if both:
            raise UsageError(
                f'config.methods.{name} sets {both[0]}, and so does {named[both[0]]!r}: they '
                'cannot be in one row. --nocrossed takes each name alone.'
            )


def _changed(config: ConfigDict, chosen: Mapping[str, str]) -> ConfigDict:
    """The config with other factories, and what ``config.methods`` says of each.

    A factory that the config names already keeps its keywords.
    """
    changed = copy.deepcopy(config)  # fields that refer to others follow them
    for field, factory in chosen.items():
        if factory != _short(config[field].fn):
            changed[field] = ConfigDict({'fn': f'mtljax.{field}:{factory}'})
            methods = config.get('methods') or {}
            _update(changed, methods.get(factory) or {})
    return changed


def _update(config: ConfigDict, fields: Mapping[str, Any]) -> None:
    """A field with ``fn`` replaces that of the config; the keywords of one without are added."""
    with config.unlocked():
        for name, value in fields.items():
            if isinstance(value, ConfigDict) and 'fn' in value:
                config[name] = value
            else:
                config.update({name: value})


def _short(name: str) -> str:
    return name.rsplit(':', 1)[-1]


def _with_rate(cell: Cell, rate: float) -> Cell:
    config = cell.config.copy_and_resolve_references()
    config.optimizer = copy.deepcopy(config.optimizer)  # lists in it are shared otherwise
    if not _set_rate(config.optimizer, rate):
        raise UsageError('--rates needs a learning_rate in config.optimizer. Found none.')
    variant = ', '.join(part for part in (cell.variant, f'rate {rate!r}') if part)
    return cell._replace(variant=variant, config=config)


def _set_rate(spec: Any, rate: float) -> bool:
    """Set the first learning rate at any depth; of a schedule, its highest value."""
    for name in _RATES:
        value = spec.get(name) if isinstance(spec, ConfigDict | dict) else None
        if isinstance(value, int | float) and value:
            if isinstance(spec, ConfigDict):
                spec.unlock()
            del spec[name]  # an int may become a float
            spec[name] = rate
            return True
    inner = spec.values() if isinstance(spec, ConfigDict | dict) else spec
    return any(
        _set_rate(value, rate)
        for value in inner
        if isinstance(value, ConfigDict | dict | list | tuple)
    )
