"""The columns of an AliExpress search log, so that new rows can be encoded."""

from collections.abc import Sequence

from mtljax.data._aliexpress.files import CATEGORICAL, LABELS, NUMERICAL
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.schema import Schema

HIDDEN = (8,)  # of each head
_MISSING = ('',)


def schema_of(kinds: Sequence[Sequence[int]], numbers: Sequence[Numbers]) -> Schema:
    """Return the schema.

    Args:
      kinds: The categories of each categorical column, in the order of their codes.
      numbers: The statistics of each numeric column.
    """
    contents = {
        name: Categories(tuple(map(str, known)))
        for name, known in zip(CATEGORICAL, kinds, strict=True)
    } | dict(zip(NUMERICAL, numbers, strict=True))
    inputs = [Column(name, False, _MISSING, 0.0, each) for name, each in contents.items()]
    targets = [Column(name, True, _MISSING, 0.0, Categories((0.0, 1.0))) for name in LABELS]
    return Schema(tuple(targets), tuple(inputs), {'search_id': 'it is no input'}, hidden=HIDDEN)
