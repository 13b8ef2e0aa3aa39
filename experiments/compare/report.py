"""What a comparison says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from experiments import program
from experiments.compare.methods import BASELINE
from experiments.compare.runs import Run, records
from experiments.show import show as shown
from mtljax import analysis, training
from mtljax.analysis import Table
from mtljax.base import Task
from mtljax.training import Results

_WIDE = 12


class Report(NamedTuple):
    """The tables of a comparison.

    Attributes:
      summary: mean and standard error of every quantity.
      main: the summary as text.
      paired: differences to the first method that is not the baseline.
      published: figures of others; None where the config gives none.
      notes: what was run, and how.
    """

    summary: Mapping[str, Mapping[str, tuple[float, float]]]
    main: Table
    paired: Table | None
    published: tuple[Table, str] | None
    notes: list[str]


def report(
    runs: Sequence[Run],
    tasks: Mapping[str, Task],
    published: tuple[Table, str] | None,
    select: Callable[[Results], float],
) -> Report:
    """The tables of the chosen runs.

    Args:
      runs: of every method, the variant that validation chose.
      tasks: of the data set.
      published: see `published_table`.
      select: the score that chose steps and variants.
    """
    own = records(runs)
    summary = analysis.summary(own, BASELINE, tasks)
    methods = [name for name in summary if name != BASELINE]
    names = {name: list(task.metrics) for name, task in tasks.items()}
    paired = None
    if len(methods) > 1:
        differences = analysis.paired(own, methods[0], names)
        differences.pop(BASELINE, None)
        paired = analysis.paired_table(differences, methods[0])
    main = analysis.as_table(summary, BASELINE)
    notes = _notes(runs)
    missing = analysis.undefined(summary[BASELINE], tasks)
    if missing:
        notes.append(f'Not in delta_m, undefined for {BASELINE}: {", ".join(missing)}.')
    ignored = _ignored(tasks, select)
    if ignored:
        listed = ', '.join(ignored)
        notes.append(
            f'config.select does not look at {listed}, but for their single-task networks.'
        )
    return Report(summary, main, paired, published, notes)


def _ignored(tasks: Mapping[str, Task], select: Callable[[Results], float]) -> list[str]:
    """The tasks that a score does not look at."""
    ones = training.filled(tasks, 1.0)

    def of(task):
        return select(ones | {task: dict.fromkeys(ones[task], 2.0)})

    return [task for task in tasks if of(task) == select(ones)]


def published_table(published: Any) -> tuple[Table, str] | None:
    """The figures of others in a config, and the note on them.

    Args:
      published: ``{'note': ..., 'rows': {method: {'task metric': value}}}``, or with ``'columns':
        ['task metric', ...]`` (a config's fields have no dots) and a list of values per row; or
        None.

    Raises:
      UsageError: it is of another form.
    """
    if not published:
        return None
    try:
        return _published(_rows(published)), str(published.get('note', ''))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = "{'note': ..., 'rows': {method: {'task metric': number}}}"
        raise program.UsageError(f'config.published should be {said}: {error!r}.') from error


def _rows(published: Any) -> Any:
    columns = published.get('columns')
    if columns is None:
        return published['rows']
    return {name: dict(zip(columns, row, strict=True)) for name, row in published['rows'].items()}


def _published(rows: Any) -> Table:
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    cells = [
        [name, *(f'{row[c]:.4f}' if c in row else '-' for c in columns)]
        for name, row in rows.items()
    ]
    return Table(['published', *columns], cells)


def _notes(runs: Sequence[Run]) -> list[str]:
    seeds = sorted({run.seed for run in runs})
    steps = sorted({run.steps for run in runs if run.steps})
    devices = {f'{len(run.devices)} x {run.devices[0]}' for run in runs if run.devices}
    numbers = ', '.join(map(str, seeds))
    mean = f'Mean ± standard error over {len(seeds)} seeds ({numbers})'
    notes = [
        f'{mean if len(seeds) > 1 else f"Seed {numbers}"} on the test split, which nothing was '
        f'chosen on. {BASELINE}: one network per task, trained apart. '
        + (f'Steps: {" to ".join(map(str, sorted({steps[0], steps[-1]})))}. ' if steps else '')
        + 'Training s: of one run, without compilation; seeds in one program share their time. '
        f'Devices: {", ".join(sorted(devices))}. '
        f'Code: {"; ".join(sorted({run.code for run in runs}))}.'
    ]
    choices = {(r.method, r.task, r.variant): None for r in runs if r.variant}
    if choices:
        listed = [f'{m}{f" {task}" if task else ""}: {variant}' for m, task, variant in choices]
        notes.append(f'Chosen on validation: {"; ".join(listed)}.')
    notes += [f'{r.method}, seed {r.seed}, did not end: {r.error}' for r in runs if r.error]
    return notes


def show(found: Report, title: str) -> None:
    """Print the tables; of many metrics, the columns that sum them up."""
    main = found.main
    if len(main.columns) > _WIDE:
        kept = [0, *range(len(main.columns) - 5, len(main.columns))]
        main = Table([main.columns[i] for i in kept], [[r[i] for i in kept] for r in main.rows])
    shown(main, title, '\n'.join(found.notes))
    if found.paired is not None and len(found.paired.columns) <= _WIDE:
        shown(found.paired, 'Paired differences', PAIRED)
    if found.published is not None:
        shown(found.published[0], 'Published', found.published[1])


PAIRED = 'Mean over seeds ± half the 95 % interval (Student); * leaves out 0.'
