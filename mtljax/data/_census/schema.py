"""The columns of KDD census-income, so that new rows can be encoded."""

from collections.abc import Mapping, Sequence

from mtljax.data._census.columns import COLUMNS, DENSE
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.schema import Schema

HIDDEN = (8,)  # of each head


def schema_of(
    numbers: Sequence[Numbers],
    kinds: Mapping[str, Sequence[str]],
    labels: Mapping[str, tuple[str, str]],
) -> Schema:
    """Return the schema; ``'?'`` and ``'NA'`` are categories, so no text stands for an empty cell.

    Args:
      numbers: How each numeric column is scaled.
      kinds: The categories of each categorical column.
      labels: The names of both classes of each task.
    """
    contents = dict(zip(DENSE, numbers, strict=True)) | {
        name: Categories(tuple(known)) for name, known in kinds.items()
    }
    targets = [Column(task, True, (), 0.0, Categories(names)) for task, names in labels.items()]
    inputs = [Column(name, False, (), 0.0, contents[name]) for name in COLUMNS if name in contents]
    left_out = {
        name: 'it is no input' for name in COLUMNS if name not in contents and name not in labels
    }
    return Schema(tuple(targets), tuple(inputs), left_out, hidden=HIDDEN)
