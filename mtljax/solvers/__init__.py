"""Solvers that choose the weights of the task gradients from their norms and cosines.

The methods in `mtljax.surgery` use these solvers, and you can use them in methods of your own. The
solvers work under ``jit`` and ``vmap``.
"""

from mtljax.solvers._balanced import balanced
from mtljax.solvers._bargain import fairgrad, nash
from mtljax.solvers._cagrad import cagrad
from mtljax.solvers._dual_cone import dual_cone
from mtljax.solvers._equiangular import equiangular
from mtljax.solvers._factor import factor
from mtljax.solvers._min_norm import min_norm
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._simplex import simplex
from mtljax.solvers._solution import Solution, normalise

__all__ = [
    'Solution',
    'balanced',
    'cagrad',
    'dual_cone',
    'equiangular',
    'factor',
    'fairgrad',
    'floored',
    'in_float64',
    'min_norm',
    'nash',
    'normalise',
    'simplex',
]
