"""How tasks answer: predictions as probabilities, classes, numbers in the user's unit, and so on.

An `mtljax.Answer` computes arrays from a prediction, its parts. Its description says what the parts
mean, in JSON types::

    {'kind': 'classes',
     'parts': {'class': {'code_of': ['no', 'yes']}, 'probabilities': {'axis': ['no', 'yes']}}}

``code_of`` says that an array holds the number of an entry of this list. ``axis`` names the entries
of the last axis. A part may also have a ``unit``. `rows` and `columns` bring the parts of a batch
into the form of JSON or of a table.
"""

from mtljax.answers._box import box
from mtljax.answers._classes import classes, mask, probability
from mtljax.answers._columns import columns
from mtljax.answers._number import number, numbers
from mtljax.answers._of import of
from mtljax.answers._raw import raw
from mtljax.answers._rows import rows

__all__ = [
    'box',
    'classes',
    'columns',
    'mask',
    'number',
    'numbers',
    'of',
    'probability',
    'raw',
    'rows',
]
