"""Which checkpoints are kept."""

import math


class NewestAndBest:
    """Keep the newest two checkpoints, what they need, and the first one with the highest score.

    This is a preservation policy of orbax.

    Args:
      scores: The score of each step. A step that is not kept is removed.
      needs: The step that each step needs, or None.
    """

    def __init__(self, scores: dict[int, float], needs: dict[int, int | None]):
        self._scores, self._needs = scores, needs

    def should_preserve(self, checkpoints, *, context):
        del context
        steps = sorted(info.step for info in checkpoints)
        best = max(steps, key=lambda step: (self._scores.get(step, -math.inf), -step))
        kept = {best, *steps[-2:], *(self._needs.get(step) for step in steps[-2:])}
        for step in set(self._scores) - kept:
            del self._scores[step]
        return [info.step in kept for info in checkpoints]
