"""The end of a training that was asked to stop."""


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
