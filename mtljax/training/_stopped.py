"""The end of a training that was asked to stop."""

from collections.abc import Callable

import jax
import numpy as np
from jax.experimental import multihost_utils


class StoppedError(Exception):
    """A training was asked to stop before its last step.

    If there is a ``workdir``, a checkpoint of this step was written. The same call to `train`
    continues from there.

    Args:
      step: The step after which the training stopped.

    Attributes:
      step: The same step.

    >>> str(StoppedError(40))
    'The training was stopped after step 40.'
    """

    def __init__(self, step: int):
        super().__init__(f'The training was stopped after step {step}.')
        self.step = step


def is_asked(stop: Callable[[], bool] | None) -> bool:
    """Return whether any process was asked to stop. All processes call this after the same step.

    >>> is_asked(lambda: True), is_asked(None)
    (True, False)
    """
    if stop is None:
        return False
    asked = stop()
    return asked if jax.process_count() == 1 else _any(asked)


def _any(asked: bool) -> bool:
    return bool(multihost_utils.process_allgather(np.array(asked)).any())
