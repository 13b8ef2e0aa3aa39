"""The function that a trained model is: from inputs to answers."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from mtljax import answers
from mtljax.base import MultiTask, Params, State, Task

Parts = dict[str, dict[str, Any]]
"""The answers of a batch, ``{task: {part: array [B, ...]}}``; see `mtljax.answers`."""


def program(
    model: MultiTask, tasks: Mapping[str, Task], chosen: Collection[str] = ()
) -> Callable[[Params, State, Any], Parts]:
    """Return a pure function ``(params, state, inputs) -> {task: {part: array}}``.

    It computes the answer of each task as `mtljax.answers` describes. It can be compiled, exported
    and mapped.

    Args:
      model: The model.
      tasks: The `Task` of each task of the model.
      chosen: The tasks that answer. By default, all do.

    Raises:
      ValueError: A chosen task is no task of the model.

    >>> import jax
    >>> import numpy as np
    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> variables = model.init(jax.random.key(0), digits.train.example.inputs)
    >>> found = program(model, digits.tasks)(*variables, digits.train.example.inputs)
    >>> sorted(found['left'])
    ['class', 'probabilities']
    """
    unknown = [name for name in chosen if name not in model.tasks]
    if unknown:
        raise ValueError(f'tasks should name tasks of {[*model.tasks]}. Found {unknown}.')
    apply = {
        name: answers.of(tasks[name]).apply for name in model.tasks if not chosen or name in chosen
    }

    def answer(params, state, inputs):
        predictions, _ = model.apply(params, state, inputs)
        return {name: function(predictions[name]) for name, function in apply.items()}

    return answer
