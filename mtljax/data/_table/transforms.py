"""Transforms of numbers. Those of a target are undone in its answers."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import scipy.special

from mtljax._shown import shown
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.checks import are_numbers

KNOTS = 1001


class Transform(Protocol):
    """A function of the numbers of a column, and its inverse."""

    def forward(self, name: str, values: np.ndarray, first: int = 1) -> np.ndarray:
        """Transform numbers ``[N]``; NaN stays NaN."""

    def inverse(self, values: Any) -> Any:
        """Bring transformed numbers back to the unit of the table."""

    def to_json(self) -> Any:
        """Return the transform as JSON types, for `transform_of`."""


@dataclass(frozen=True)
class Log:
    """The natural logarithm. Its inverse is the exponential."""

    KEY: ClassVar[str] = 'log'

    def forward(self, name: str, values: np.ndarray, first: int = 1) -> np.ndarray:
        """Return the logarithm of positive numbers.

        Raises:
          CellError: A number is not positive.
        """
        wrong = values <= 0
        if wrong.any():
            row = int(wrong.argmax())
            raise CellError(
                name,
                row + first,
                f'the cell should be a number above 0, because log names the column. Found '
                f'{values[row]:g}.',
            )
        return np.log(values)

    def inverse(self, values: Any) -> Any:
        """Return the exponential."""
        return jnp.exp(values)

    def to_json(self) -> str:
        """Return the name of the transform."""
        return self.KEY


@dataclass(frozen=True)
class Log1p:
    """The natural logarithm of ``1 + x``, for numbers from 0 on."""

    KEY: ClassVar[str] = 'log1p'

    def forward(self, name: str, values: np.ndarray, first: int = 1) -> np.ndarray:
        """Return the logarithm of ``1 + x``.

        Raises:
          CellError: A number is below 0.
        """
        wrong = values < 0
        if wrong.any():
            row = int(wrong.argmax())
            found = f'the cell should be a number >= 0. Found {values[row]:g}.'
            raise CellError(name, row + first, found)
        return np.log1p(values)

    def inverse(self, values: Any) -> Any:
        """Return the exponential, minus 1; 0 where this is less."""
        return jnp.maximum(jnp.expm1(values), 0)

    def to_json(self) -> str:
        """Return the name of the transform."""
        return self.KEY


@dataclass(frozen=True)
class Single:
    """Rounding to float32, for the columns of loaders that keep numbers in this type."""

    KEY: ClassVar[str] = 'single'

    def forward(self, name: str, values: np.ndarray, first: int = 1) -> np.ndarray:
        """Return the nearest numbers of float32, as float64."""
        with np.errstate(over='ignore'):  # what does not fit is refused when it is scaled
            return values.astype(np.float32).astype(np.float64)

    def inverse(self, values: Any) -> Any:
        """Return the numbers as they are."""
        return values

    def to_json(self) -> str:
        """Return the name of the transform."""
        return self.KEY


@dataclass(frozen=True)
class Quantile:
    """The quantile of a standard normal distribution with the same rank.

    Between two knots, ranks are interpolated. A number outside of the knots counts as the nearest
    knot.

    Attributes:
      knots: Numbers, in rising order.
      ranks: The share of training rows below each knot, in rising order, between 0 and 1.
    """

    knots: tuple[float, ...]
    ranks: tuple[float, ...]

    KEY: ClassVar[str] = 'quantile'

    @classmethod
    def fit(cls, values: np.ndarray) -> 'Quantile':
        """Take up to 1,001 quantiles of the training rows as knots.

        >>> Quantile.fit(np.arange(11.0)).forward('x', np.array([5.0, 0.0])).round(2).tolist()
        [0.0, -3.29]
        """
        ranks = (np.arange(KNOTS) + 0.5) / KNOTS
        found = np.quantile(values, ranks)
        knots, index = np.unique(found, return_inverse=True)
        means = np.bincount(index, ranks) / np.bincount(index)
        return cls(tuple(knots.tolist()), tuple(means.tolist()))

    def forward(self, name: str, values: np.ndarray, first: int = 1) -> np.ndarray:
        """Return normal quantiles; NaN stays NaN."""
        return scipy.special.ndtri(np.interp(values, self.knots, self.ranks))

    def inverse(self, values: Any) -> Any:
        """Return the number with the rank of each normal quantile."""
        ranks = jax.scipy.special.ndtr(jnp.asarray(values, jnp.float32))
        return jnp.interp(ranks, jnp.array(self.ranks), jnp.array(self.knots))

    def to_json(self) -> dict[str, list[float]]:
        """Return the knots and their ranks."""
        return {'knots': list(self.knots), 'ranks': list(self.ranks)}


def transform_of(content: Any) -> Transform | None:
    """Return the transform that ``to_json`` described; None for None.

    Raises:
      ValueError: The content describes no transform.

    >>> transform_of('log')
    Log()
    """
    if content is None:
        return None
    for named in (Log, Log1p, Single):
        if content == named.KEY:
            return named()
    fits = isinstance(content, dict) and content.keys() == {'knots', 'ranks'}
    if fits and are_numbers(content['knots']) and are_numbers(content['ranks']):
        knots, ranks = content['knots'], content['ranks']
        rising = all(np.all(np.diff(np.array(part, float)) > 0) for part in (knots, ranks))
        if len(knots) == len(ranks) > 1 and rising and ranks[0] > 0 and ranks[-1] < 1:
            return Quantile(tuple(knots), tuple(ranks))
    raise ValueError(f'transform of a column should be known. Found {shown(content)}.')
