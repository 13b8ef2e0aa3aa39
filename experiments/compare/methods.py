"""The trainings of a comparison: methods, their variants, and single tasks."""

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from experiments.compare.plan import Plan
from experiments.program import UsageError, short, use_method

BASELINE = 'single-task'
_UNNAMED = {'sharing': (), 'weighting': ('equal',), 'surgery': ('sum',)}
_RATES = ('learning_rate', 'peak_value', 'init_value')  # the last two belong to schedules


class Cell(NamedTuple):
    """One method with one setting; it is trained once per seed.

    Attributes:
      method: The name of the row in the table.
      variant: The name of the setting among those that the method can choose from; '' if there is
        only one.
      task: The only task that is trained; None for all tasks.
      config: The config of the run.
    """

    method: str
    variant: str
    task: str | None
    config: ConfigDict


def cells(config: ConfigDict, plan: Plan, tasks: Sequence[str]) -> list[Cell]:
    """Return the single-task baselines, every method, and tuned weights if the plan has them.

    Args:
      config: The common part of all configs.
      plan: The methods and seeds to compare.
      tasks: The names of the tasks.

    Raises:
      UsageError: The plan has learning rates, but the config has none.
    """
    plain = {'sharing': 'hard', 'weighting': 'equal', 'surgery': 'sum'}
    single = with_methods(config, plain)
    every = [Cell(BASELINE, '', task, single) for task in tasks]
    defaults = {field: short(config[field].fn) for field in plan.lists}
    for chosen in _choices(plan, defaults):
        _check_names(config, defaults, chosen)
        named = [name for field, name in chosen.items() if name not in _UNNAMED[field]]
        every.append(Cell(' + '.join(named), '', None, with_methods(config, chosen)))
    if plan.tune and len(tasks) > 1:
        for sharing in plan.lists['sharing'] or [defaults['sharing']]:
            every += _tuned(with_methods(config, plain | {'sharing': sharing}), sharing, len(tasks))
    unique = list({(cell.method, cell.variant, cell.task): cell for cell in every}.values())
    if not plan.rates:
        return unique
    return [_with_rate(cell, rate) for cell in unique for rate in plan.rates]


def _choices(plan: Plan, defaults: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Return one name per field: all combinations, or the config with one name changed."""
    values = {field: names or [defaults[field]] for field, names in plan.lists.items()}
    if plan.crossed:
        for choice in itertools.product(*values.values()):
            yield dict(zip(values, choice, strict=True))
        return
    for field, names in values.items():
        for name in names:
            yield {**defaults, field: name}


def static_weights(num_tasks: int) -> np.ndarray:
    """Return candidates for constant weights, ``[N, T]`` for T tasks, each with the sum T.

    There are five candidates for two tasks. For three tasks there are the ten inner points of a
    lattice. For more tasks there are equal weights and ten draws of a flat Dirichlet distribution.

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


def _check_names(
    config: ConfigDict, defaults: Mapping[str, str], chosen: Mapping[str, str]
) -> None:
    """Raise a UsageError if two names of a row set the same field."""
    methods = config.get('methods') or {}
    named = {field: name for field, name in chosen.items() if name != defaults[field]}
    for field, name in named.items():
        both = [other for other in methods.get(name) or {} if other in named and other != field]
        if both:
            raise UsageError(
                f'Names of one row should set different fields. Found that config.methods.{name} '
                f'sets {both[0]}, and so does {named[both[0]]!r}. --nocrossed puts each name in '
                'its own row.'
            )


def with_methods(config: ConfigDict, chosen: Mapping[str, str]) -> ConfigDict:
    """Return the config with other functions, and the fields that ``config.methods`` sets for each.

    A function that the config already names keeps its keywords.
    """
    changed = copy.deepcopy(config)  # fields that refer to others follow them
    for field, factory in chosen.items():
        if factory != short(config[field].fn):
            changed[field] = ConfigDict({'fn': f'mtljax.{field}:{factory}'})
            use_method(changed, factory)
    return changed


def _with_rate(cell: Cell, rate: float) -> Cell:
    config = cell.config.copy_and_resolve_references()
    config.optimizer = copy.deepcopy(config.optimizer)  # lists in it are shared otherwise
    if not _set_rate(config.optimizer, rate):
        raise UsageError(
            '--rates needs a learning_rate in config.optimizer. Found no such field. Add it.'
        )
    variant = ', '.join(part for part in (cell.variant, f'rate {rate!r}') if part)
    return cell._replace(variant=variant, config=config)


def _set_rate(spec: Any, rate: float) -> bool:
    """Set the first learning rate at any depth; for a schedule, set its highest value."""
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
