"""Check that every sharing scheme trains, and print a table of the trainings."""

import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from rich.progress import Progress

from experiments.program import UsageError, console
from experiments.selfcheck.errors import CheckError
from experiments.selfcheck.sharing_schemes import SCHEMES
from experiments.selfcheck.sharing_training import COUNTS, LAST, SHARE, STEPS, Row, rows
from experiments.selfcheck.sharing_workers import Outcome, outcomes
from experiments.show import show
from mtljax.analysis import Table
from mtljax.files import write_text

_INPUTS = {False: 'shared', True: 'per task'}
_CELLS = [(count, per_task) for count in COUNTS for per_task in _INPUTS]


def check(schemes: Sequence[str] | None, jobs: int, output: str | None) -> None:
    """Train all schemes, print a table and, with ``output``, write it as Markdown.

    Raises:
      CheckError: A training failed.
      UsageError: A scheme is unknown.
    """
    chosen = list(SCHEMES) if schemes is None else list(dict.fromkeys(schemes))
    if not chosen or not set(chosen) <= set(SCHEMES):
        raise UsageError(f'--schemes should be among {", ".join(SCHEMES)}. Found {chosen}.')
    begin = time.perf_counter()
    results = _trained(rows(chosen), jobs)
    caption = _caption(results, jobs, time.perf_counter() - begin)
    failures = [f'{_name(outcome.row)}: {outcome.error}' for outcome in results if outcome.error]
    summary = table(results)
    show(summary, '', caption)
    console.print(*failures, sep='\n', markup=False)
    if output:
        flag = '' if schemes is None else f' --schemes={",".join(chosen)}'
        write_text(Path(output), _markdown(flag, caption, summary, failures))
        console.print(output)
    if failures:
        raise CheckError(f'{len(failures)} of {len(results)} trainings failed.')


def table(results: Sequence[Outcome]) -> Table:
    """Return one row per backbone and scheme: how many methods passed, or which failed.

    The last column is the largest ratio of a loss after training to the loss before it.
    """
    columns = [f'T={count}, {_INPUTS[per_task]}' for count, per_task in _CELLS]
    lines = []
    for name, backbone in dict.fromkeys((done.row.scheme, done.row.backbone) for done in results):
        mine = [done for done in results if done.row[:2] == (name, backbone)]
        cells = [_cell([done for done in mine if done.row[3:] == cell]) for cell in _CELLS]
        shares = [done.share for done in mine if done.share is not None]
        lines.append([name, backbone, *cells, f'{max(shares):.2f}' if shares else '-'])
    return Table(['scheme', 'backbone', *columns, 'last loss / first loss'], lines)


def _cell(results: Sequence[Outcome]) -> str:
    failed = [done.row.method for done in results if done.error]
    if failed or not results:
        return ', '.join(failed) or '-'
    return f'{len(results)}/{len(results)}'


def _trained(planned: list[Row], jobs: int) -> list[Outcome]:
    """Return the outcomes in the order of the rows."""
    results, failed = {}, 0
    with Progress(*Progress.get_default_columns(), console=console, transient=True) as progress:
        bar = progress.add_task('sharing', total=len(planned))
        for done in outcomes(planned, jobs):
            results[done.row] = done
            failed += bool(done.error)
            progress.update(bar, advance=1, description=f'sharing, {failed} failed')
    return [results[row] for row in planned]


def _name(row: Row) -> str:
    return f'{row.scheme} on {row.backbone}, {row.method}, T={row.count}, {_INPUTS[row.per_task]}'


def _caption(results: Sequence[Outcome], jobs: int, seconds: float) -> str:
    passed = sum(not done.error for done in results)
    versions = ', '.join(f'{name} {metadata.version(name)}' for name in ('jax', 'flax', 'optax'))
    return (
        f'{passed} of {len(results)} trainings passed, in {seconds / 60:.1f} minutes with {jobs} '
        f'processes ({versions}). A training is {STEPS} steps of Adam on 32 examples. It passes '
        f'if, for every task, the median loss of the last {LAST} steps is below {SHARE} of the '
        'first loss, all values are finite, and the state keeps its structure, shapes and types. A '
        'cell has three trainings: with equal loss weights, with uncertainty weights and with '
        'PCGrad. The T tasks read one shared input, or one input per task. The last column divides '
        f'the median loss of the last {LAST} steps by the first loss. It shows the largest ratio '
        'of the row.'
    )


def _markdown(flag: str, caption: str, summary: Table, failures: Sequence[str]) -> str:
    command = f'    python -m experiments.selfcheck --suite=sharing{flag}'
    parts = ['# Every sharing scheme trains', command, caption, summary.markdown()]
    if failures:
        parts.append('\n'.join(f'- {line}' for line in failures))
    return '\n\n'.join(parts) + '\n'
