"""The page of an advise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.advise.advise import Advice
from experiments.advise.costs import NOTE
from experiments.advise.tables import TESTED, TRIED
from experiments.report import (
    Html,
    Page,
    Panel,
    Section,
    conflict_parts,
    element,
    interval_rows,
    joined,
    note,
    provenance,
    shaded,
    sortable,
    span,
)
from mtljax.analysis import Table, student_interval

_BARS = (
    'Mean change over the tasks and the seeds, with the 95 % interval of the seeds. A hollow point '
    'is within noise of the vertical line: {line}.'
)


def page_of(
    advice: Advice,
    title: str,
    told: Sequence[str],
    tables: Mapping[str, Table],
    config: Mapping[str, Any],
    workdir: Path,
    following: Sequence[str],
) -> Page:
    """Return the page of an advise.

    Args:
      advice: What was found.
      title: The name of the config.
      told: The advice in sentences.
      tables: The tables ``tried``, ``tested`` and ``costs``.
      config: The config, as JSON types.
      workdir: The folder of the advise.
      following: The commands that train and export the choice.
    """
    runs = [run for each in advice.race.runs.values() for run in each]
    made = provenance(
        workdir,
        config,
        devices=sorted({device for run in runs for device in run.devices}),
        code=sorted({run.code for run in runs}),
        following=following,
    )
    sections = [
        Section('What was tried', _tried(advice, tables['tried'])),
        Section('Results on the test split', sortable(tables['tested'], TESTED)),
        Section('What it costs', sortable(tables['costs'], NOTE)),
        Section('Conflicts', _conflicts(advice)),
        Section('Pairs of tasks', _pairs(advice)),
        Section('Why each method was proposed', _reasons(advice)),
        Section('How this was made', made),
    ]
    return Page('Advice', title, told, _facts(advice), sections)


def _facts(advice: Advice) -> dict[str, str]:
    return {
        'tasks': str(len(advice.scores.mean_changes([]))),
        'methods': str(len(advice.race.runs)),
        'trainings': str(sum(map(len, advice.race.runs.values())) + len(advice.alone)),
        'share of the steps': f'{100 * advice.share:g} %',
    }


def _tried(advice: Advice, table: Table) -> Html:
    spans = {}
    for method, runs in advice.race.runs.items():
        values = [*advice.scores.by_seed(runs).values()]
        if values:
            spans[method] = span(*student_interval(values))
    names = [row[0] for row in table.rows if row[0] in spans]
    line = 'each task alone' if advice.alone else 'the default'
    panel = Panel('change %', {name: spans[name] for name in names}, 0.0, False, True)
    caption = _BARS.format(line=line)
    return joined([interval_rows([panel], names, caption), sortable(table, TRIED)])


def _conflicts(advice: Advice) -> Html:
    for run in advice.race.runs['hard']:
        if parts := conflict_parts(run.history, f'hard sharing, seed {run.seed}'):
            return joined(parts)
    return Html()


def _pairs(advice: Advice) -> Html:
    table, tasks = advice.evidence.transfer, [*advice.scores.mean_changes([])]
    if table is None:
        return Html()
    how = 'measured' if advice.evidence.is_measured else 'estimated from one trained model'
    words = 'What the task of the column gains in %, if it is trained with the task of the row'
    return joined([note(f'{words}: {how}.'), shaded(table.tolist(), tasks, tasks, 'gain in %')])


def _reasons(advice: Advice) -> Html:
    rows = [
        element('div', {}, element('dt', {}, method), element('dd', {}, proposal.why))
        for method, proposal in advice.race.proposals.items()
    ]
    return element('dl', {'class': 'facts'}, *rows)
