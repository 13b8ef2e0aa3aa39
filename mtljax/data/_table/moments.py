"""The mean, deviation and range of numbers that come in parts."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Moments:
    """What is known about the numbers so far.

    Attributes:
      count: The number of training rows with a number.
      mean: Their mean.
      squares: The sum of their squared distances from the mean.
      low: The smallest number of all rows; infinity without numbers.
      high: The largest number of all rows; -infinity without numbers.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf

    def add_range(self, values: np.ndarray) -> None:
        """Count more numbers in the range; NaN is skipped."""
        self.low = float(np.fmin.reduce(values, initial=self.low))
        self.high = float(np.fmax.reduce(values, initial=self.high))

    def add(self, values: np.ndarray) -> None:
        """Count more training rows; NaN is skipped.

        Two parts are merged as in Chan, Golub & LeVeque (Updating Formulae and a Pairwise Algorithm
        for Computing Sample Variances, Stanford, 1979).

        >>> moments = Moments()
        >>> moments.add(np.array([1.0, np.nan])), moments.add(np.array([4.0, 7.0]))
        (None, None)
        >>> moments.mean, moments.deviation
        (4.0, 2.449...)
        """
        present = ~np.isnan(values)
        count = int(present.sum())
        if not count:
            return
        with np.errstate(over='ignore', invalid='ignore'):
            mean = float(np.where(present, values, 0).sum() / count)
            squares = float((np.where(present, values - mean, 0) ** 2).sum())
            if self.count:
                whole, gap = self.count + count, mean - self.mean
                squares += self.squares + gap * gap * self.count * count / whole
                mean = self.mean + gap * count / whole
        self.count, self.mean, self.squares = self.count + count, mean, squares

    @property
    def deviation(self) -> float:
        """The standard deviation of the training rows."""
        return float(np.sqrt(self.squares / max(self.count, 1)))
