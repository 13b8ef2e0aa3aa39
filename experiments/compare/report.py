"""The tables and notes of a comparison."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from experiments import program
from experiments.compare import latency
from experiments.compare.lift import lift
from experiments.compare.methods import BASELINE
from experiments.compare.records import Row, ranked, records
from experiments.compare.run import Run
from experiments.compare.verdict import shared_row, verdict
from experiments.show import show as show_table
from mtljax import analysis, training
from mtljax.analysis import Record, Table
from mtljax.base import Task
from mtljax.training import Results


class Report(NamedTuple):
    """The tables of a comparison.

    Attributes:
      summary: The mean and the standard error of every quantity.
      main: The summary as text.
      paired: The differences to the baseline, and to the first other method.
      published: Published results with a note, or None if the config has none.
      notes: How the numbers were obtained.
      rows: The rows, from the best to the worst on validation.
      found: What was found, as sentences.
      latency: The time of an answer, if it was measured.
      title: The title of the tables.
    """

    summary: Mapping[str, Mapping[str, tuple[float, float]]]
    main: Table
    paired: Table
    published: tuple[Table, str] | None
    notes: list[str]
    rows: list[Row]
    found: list[str]
    latency: Table | None = None
    title: str = ''

    @property
    def methods(self) -> list[str]:
        """The methods in the order of figures: the baseline, then the best on validation first."""
        return [BASELINE, *(row.method for row in self.rows if row.method != BASELINE)]


def report(
    runs: Sequence[Run],
    tasks: Mapping[str, Task],
    published: tuple[Table, str] | None,
    select: Callable[[Results], float],
    labels: Mapping[str, int] | None = None,
) -> Report:
    """Make the tables of the chosen runs.

    Args:
      runs: The runs of every method, with the variant that validation chose.
      tasks: The tasks of the data set.
      published: The result of `published_table`.
      select: The score that chose steps and variants.
      labels: The number of training labels of each task, where known.
    """
    tested, rows = records(runs), ranked(runs, select)
    summary = analysis.summary(tested, BASELINE, tasks)
    main = analysis.as_table(summary, BASELINE)
    notes = _notes(runs)
    missing = analysis.undefined(summary[BASELINE], tasks)
    if missing:
        notes.append(f'Not in delta_m, undefined for {BASELINE}: {", ".join(missing)}.')
    unmeasured = [name for name, task in tasks.items() if not task.metrics]
    if unmeasured:
        notes.append(f'Not in the tables, because they have no metric: {", ".join(unmeasured)}.')
    ignored = _ignored(tasks, select)
    if ignored:
        listed = ', '.join(ignored)
        notes.append(
            f'config.select ignores {listed}, except for the single-task networks of these tasks.'
        )
    row = shared_row(rows)
    found = [verdict(rows, tested, tasks), lift(row, tested, tasks, labels or {})]
    paired = _paired(tested, tasks)
    return Report(summary, main, paired, published, notes, rows, [*filter(None, found)])


def _paired(tested: Sequence[Record], tasks: Mapping[str, Task]) -> Table:
    """Return the differences to the baseline, and to the first other method."""
    names = {name: list(task.metrics) for name, task in tasks.items()}
    methods = list(dict.fromkeys(record.method for record in tested if record.method != BASELINE))
    others = [record for record in tested if record.method != BASELINE]
    differences = [(BASELINE, analysis.paired(tested, BASELINE, names))]
    if len(methods) > 1:
        differences.append((methods[0], analysis.paired(others, methods[0], names)))
    tables = [analysis.paired_table(found, reference) for reference, found in differences]
    return Table(tables[0].columns, [row for table in tables for row in table.rows])


def _ignored(tasks: Mapping[str, Task], select: Callable[[Results], float]) -> list[str]:
    """Return the tasks whose results do not change the score."""
    ones = training.filled(tasks, 1.0)

    def score_with(task):
        return select(ones | {task: dict.fromkeys(ones[task], 2.0)})

    return [task for task in tasks if score_with(task) == select(ones)]


def published_table(published: Any) -> tuple[Table, str] | None:
    """Return the table of published results in a config, and its note.

    Args:
      published: ``{'note': ..., 'rows': {method: {'task metric': value}}}`` or None. With
        ``'columns': ['task metric', ...]``, every row is a list of values instead. This is needed
        if a metric has a dot in its name, which the name of a config field cannot contain.

    Raises:
      UsageError: ``published`` has another form.
    """
    if not published:
        return None
    try:
        return _published(_rows(published)), str(published.get('note', ''))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        form = "{'note': ..., 'rows': {method: {'task metric': number}}}"
        raise program.UsageError(
            f'config.published should be {form}. Found an error: {error!r}.'
        ) from error


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
        f'{mean if len(seeds) > 1 else f"Seed {numbers}"} on the test split, which was not used '
        f'for any choice. {BASELINE}: one network per task, each trained separately. '
        + (f'Steps: {" to ".join(map(str, sorted({steps[0], steps[-1]})))}. ' if steps else '')
        + f'Training seconds: the time of one run, {_compilation(runs)}. Seeds that train in one '
        'program share its time equally. '
        f'Devices: {", ".join(sorted(devices))}. '
        f'Code: {"; ".join(sorted({run.code for run in runs}))}.'
    ]
    choices = {(r.method, r.task, r.variant): None for r in runs if r.variant}
    if choices:
        listed = [f'{m}{f" {task}" if task else ""}: {variant}' for m, task, variant in choices]
        notes.append(f'Chosen on validation: {"; ".join(listed)}.')
    notes += _mixed(runs)
    notes += [f'{r.method}, seed {r.seed}, failed: {r.error}' for r in runs if r.error]
    return notes


def _compilation(runs: Sequence[Run]) -> str:
    """Return whether the seconds contain compilation: the first log interval of a length does."""
    for run in runs:
        stops = [row['step'] for row in run.history if any(key.startswith('loss/') for key in row)]
        lengths = [stop - start for start, stop in zip([0, *stops], stops, strict=False)]
        if lengths and len(set(lengths)) == len(lengths):
            return 'with compilation, because a run has no second interval of train.log_every steps'
    return 'without compilation'


def _mixed(runs: Sequence[Run]) -> list[str]:
    """Return one note per method of which some seeds shared a program and others did not."""
    programs: dict[tuple[str, str | None], dict[int, list[int]]] = {}
    for run in runs:
        if not run.error:
            sizes = programs.setdefault((run.method, run.task), {})
            sizes.setdefault(run.together, []).append(run.seed)
    return [
        f'{method}{f" {task}" if task else ""}: the seeds {sorted(sizes[1])} ran alone, the others '
        'in one program, so the last digits may differ.'
        for (method, task), sizes in programs.items()
        if len(sizes) > 1 and 1 in sizes
    ]


def show(report: Report) -> None:
    """Print the tables, and below them what was found."""
    show_table(report.main, report.title, '\n'.join(report.notes))
    show_table(report.paired, 'Paired differences', PAIRED)
    if report.published is not None:
        show_table(report.published[0], 'Published', report.published[1])
    if report.latency is not None:
        show_table(report.latency, 'Time of an answer', latency.NOTE)
    for sentence in report.found:
        program.console.print(sentence, markup=False, highlight=False)


PAIRED = 'Mean over seeds ± half the 95 % interval (Student); * means that 0 is outside it.'
