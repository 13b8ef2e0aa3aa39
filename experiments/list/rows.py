"""Aligned rows of text."""

import textwrap
from collections.abc import Iterator, Sequence


def aligned(
    rows: Sequence[Sequence[str]], width: int, *, indent: int = 2, widest: int = 28
) -> Iterator[str]:
    """Return the lines of a table without a head. Only the last column is wrapped.

    Args:
      rows: The cells. A cell before the last one that is too wide gets a line of its own.
      width: The number of characters that a line may have.
      indent: The number of spaces in front.
      widest: The largest width of a column before the last one.

    >>> list(aligned([['a', 'one two'], ['long', 'three']], 13))
    ['  a     one', '        two', '  long  three']
    """
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [min(max(map(len, column)), widest) for column in columns]
    start = indent + sum(widths) + 2 * len(widths)
    for *cells, text in rows:
        head = ' ' * indent
        for cell, size in zip(cells, widths, strict=True):
            head += f'{cell:{size}}  '
        lines = _wrapped(text, width - start)
        if len(head) > start:
            yield from _wrapped(head, width, ' ' * (indent + 2))
            yield from (f'{" " * start}{line}' for line in lines)
        else:
            yield f'{head}{lines[0]}'.rstrip()
            yield from (f'{" " * start}{line}' for line in lines[1:])


def _wrapped(text: str, width: int, later: str = '') -> list[str]:
    """Divide a text into lines, also within long words."""
    lines = textwrap.wrap(
        text, width, subsequent_indent=later, break_on_hyphens=False, drop_whitespace=True
    )
    return lines or ['']
