"""Answers in the form of a table."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtljax.answers._plain import codes


def columns(
    task: str, description: Mapping[str, Any], parts: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Return the answers of a batch as columns of a table, ``{name: array [B]}``.

    The only part of an answer has the name of the task. Several parts are ``TASK.PART``. An array
    with more axes than one has a column for each number of an answer, ``NAME.INDEX``, where the
    index is a name if the last axis has names. Indices count from 0.

    Args:
      task: The name of the task.
      description: The description of an `Answer`.
      parts: The parts of B answers, ``{part: array [B, ...]}``.

    >>> import numpy as np
    >>> from mtljax import answers
    >>> found = {'class': np.array([1]), 'probabilities': np.array([[0.25, 0.75]])}
    >>> list(columns('pet', answers.classes(['cat', 'dog']).description, found))
    ['pet.class', 'pet.probabilities.cat', 'pet.probabilities.dog']
    """
    table = {}
    for part, array in parts.items():
        meaning = description['parts'].get(part, {})
        array, name = np.asarray(array), task if len(parts) == 1 else f'{task}.{part}'
        if 'code_of' in meaning:
            array = codes(meaning['code_of'], array)
        for index in np.ndindex(array.shape[1:]):
            words = [*map(str, index)]
            if words and 'axis' in meaning:
                words[-1] = str(meaning['axis'][index[-1]])
            table['.'.join([name, *words])] = array[(slice(None), *index)]
    return table
