"""A line that shows how many rows are answered."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

Parts = Iterator[Mapping[str, Sequence[Any]]]


@contextmanager
def shown_rows() -> Iterator[Callable[[Parts], Parts]]:
    """Show a line in a terminal while the parts of a table are read.

    Yields:
      A function that returns the same parts, and counts their rows.

    >>> with shown_rows() as shown:
    ...     list(shown(iter([{'a': [1, 2]}])))
    [{'a': [1, 2]}]
    """
    columns = TextColumn('{task.completed:,.0f} rows'), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task('', total=None)

        def shown(parts: Parts) -> Parts:
            for part in parts:
                yield part
                bar.advance(task, len(next(iter(part.values()))))

        yield shown
