"""Functions that training calls after each evaluation."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mtljax.base import TrainState
from mtljax.training._evaluate import Results
from mtljax.training._log_rows import Row
from mtljax.training._stopped import is_asked


class Evaluation(NamedTuple):
    """An evaluation, as the functions in ``callbacks`` of `train` get it.

    Attributes:
      step: The number of steps so far.
      seed: The seed of the run. If several seeds train in one program, each has its own calls.
      state: The state that was evaluated. With the option ``ema``, its parameters are the average.
        Its arrays are deleted in the next step: copy what you keep, for example with
        ``jax.device_get(evaluation.state.params)``.
      results: The results on the validation split, ``{task: {metric: value}}``.
      rows: The log so far, one dict per row; see `read_rows`. Do not change it.
    """

    step: int
    seed: int
    state: TrainState
    results: Results
    rows: Sequence[Row]


Callback = Callable[[Evaluation], Any]
"""A function that is called after each evaluation. If it returns True, the training ends."""


def asks_to_end(callbacks: Sequence[Callback], evaluation: Evaluation) -> bool:
    """Call all callbacks; return whether one of them returned True.

    Raises:
      ValueError: A callback returned something else than True, False or None.
    """
    answers = [_answer(callback, evaluation) for callback in callbacks]
    return bool(answers) and is_asked(lambda: any(answers))


def _answer(callback: Callback, evaluation: Evaluation) -> bool:
    found = callback(evaluation)
    if found is not None and not (hasattr(found, 'dtype') or isinstance(found, bool)):
        raise ValueError(
            f'A callback should return True, False or None. Found {found!r:.80} at step '
            f'{evaluation.step}.'
        )
    return bool(found)
