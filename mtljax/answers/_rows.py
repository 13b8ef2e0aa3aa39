"""Answers in the form of JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtljax.answers._plain import codes, plain


def rows(description: Mapping[str, Any], parts: Mapping[str, Any]) -> list[Any]:
    """Return the answers of a batch as JSON types, one per row.

    An answer with one part is the value of this part. An answer with several parts is an object
    ``{part: value}``. A value is a number, a name, a list of values, or ``{name: value}`` if the
    entries of the last axis have names. NaN and infinite numbers become None.

    Args:
      description: The description of an `Answer`.
      parts: The parts of B answers, ``{part: array [B, ...]}``.

    >>> import numpy as np
    >>> from mtljax import answers
    >>> pets = answers.classes(['cat', 'dog'])
    >>> found = {'class': np.array([1]), 'probabilities': np.array([[0.25, 0.75]])}
    >>> rows(pets.description, found)
    [{'class': 'dog', 'probabilities': {'cat': 0.25, 'dog': 0.75}}]
    """
    known = description['parts']
    values = {name: _values(known.get(name, {}), part) for name, part in parts.items()}
    if len(values) == 1:
        return next(iter(values.values()))
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _values(meaning: Mapping[str, Any], part: Any) -> list[Any]:
    array = np.asarray(part)
    if 'code_of' in meaning:
        return codes(meaning['code_of'], array).tolist()
    values = plain(array)
    return [_named(meaning['axis'], value) for value in values] if 'axis' in meaning else values


def _named(names: Any, value: Any) -> Any:
    if value and isinstance(value[0], list):
        return [_named(names, inner) for inner in value]
    return dict(zip(map(str, names), value, strict=True))
