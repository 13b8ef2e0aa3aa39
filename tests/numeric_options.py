"""How numeric options are tested: the values that each is given, and what should happen.

The tables are in the files ``numeric_options_*.py``. A row is a `Case`: a public function, and for
each numeric option the values of `VALUES` that it accepts. All other values should be refused.
"""

import contextlib
import inspect
import math
import re
import signal
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

VALUES = (0, -1, 2.5, math.nan, math.inf, '3', None, 2**70)
SECONDS = 20


@dataclass(frozen=True)
class Trial:
    """One way in which an option gets a value: as it is, or inside a list or a mapping.

    If ``runs`` is False, only the values that should be refused are tried.
    """

    accepted: tuple[Any, ...]
    inside: Callable[[Any], Any] | None = None
    runs: bool = True

    def argument(self, value):
        return value if self.inside is None else self.inside(value)


@dataclass(frozen=True)
class Case:
    """A public function, its numeric options, its other arguments, and a use of its result.

    ``use`` returns a tree of numbers, which should be finite.
    """

    fn: Callable[..., Any]
    options: Mapping[str, tuple[Trial, ...]]
    given: Mapping[str, Any] = field(default_factory=dict)
    use: Callable[[Any], Any] = lambda result: result

    def faults(self) -> list[str]:
        """Return one line for every kind of fault: the option, the wrong values, what happened."""
        values: dict[tuple[str, str], list[str]] = {}
        for name, trials in self.options.items():
            for trial in trials:
                for value in VALUES:
                    for fault in self._fault(name, trial, value):
                        values.setdefault((name, fault), []).append(repr(trial.argument(value)))
        return [
            f'{name} = {" or ".join(found)}: {fault}' for (name, fault), found in values.items()
        ]

    def _fault(self, name, trial, value):
        is_accepted = value in trial.accepted
        if is_accepted and not trial.runs:
            return []
        try:
            with _time_limit():
                made = self.fn(**{**self.given, name: trial.argument(value)})
        except ValueError as error:
            if not _has_form(error, name):
                return [f'{type(error).__name__} in another form: {error}']
            return [f'refused: {error}'] if is_accepted else []
        except Exception as error:  # what a user should never see
            return [f'{type(error).__name__}: {_first_line(error)}']
        if not is_accepted:
            return ['accepted']
        if self._is_default(name, trial.argument(value)):
            return []  # many other tests use it
        try:
            broken = _not_finite(self.use(made))
        except Exception as error:
            return [f'accepted, and then {type(error).__name__}: {_first_line(error)}']
        return [f'accepted, and the result is {broken}'] if broken else []

    def _is_default(self, name, argument):
        """Whether an option has its default."""
        default = inspect.signature(self.fn).parameters[name].default
        return name not in self.given and (argument is default or argument == default)


def accept(*values, runs=True) -> tuple[Trial, ...]:
    """Return the trials of an option that is one number, or None."""
    return (Trial(values, runs=runs),)


def each(*values, alone=(), of=lambda value: [value], runs=True) -> tuple[Trial, ...]:
    """Return the trials of an option that holds several numbers.

    Args:
      *values: The numbers that are accepted inside.
      alone: The values that are accepted in place of the whole option.
      of: A function from one number to the option.
      runs: Whether the accepted values are tried too; see `Trial`.
    """
    return Trial(values, of, runs), Trial(tuple(alone), None, runs)


def numeric_options(fn: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that are a number or hold numbers.

    >>> def example(x: str, size: int | None = None, rates: tuple[float, ...] = ()):
    ...     pass
    >>> numeric_options(example)
    ['size', 'rates']
    """
    parameters = inspect.signature(fn).parameters.values()
    return [each.name for each in parameters if _is_number(each.default) or _holds(each.annotation)]


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _holds(annotation) -> bool:
    if annotation in (int, float):
        return True
    if typing.get_origin(annotation) in (Callable, typing.Literal):
        return False
    return any(_holds(part) for part in typing.get_args(annotation))


def _has_form(error: ValueError, name: str) -> bool:
    """Whether a message says what an option should be, and what was found."""
    words = re.search(r'\b(should|needs?)\b.*\bFound\b', str(error), re.DOTALL)
    return type(error) is ValueError and words is not None and name.removesuffix('s') in str(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [''])[0][:160]


def _not_finite(tree) -> str:
    """Return the first leaf that is not finite, or an empty text."""
    for leaf in jax.tree.leaves(tree):
        array = np.asarray(leaf)
        if array.dtype.kind == 'f' and not np.isfinite(array).all():
            return str(array)
    return ''


@contextlib.contextmanager
def _time_limit():
    """Raise an error after `SECONDS`, because a wrong value may start an endless loop."""

    def stop(signum, frame):
        raise TimeoutError(f'no result after {SECONDS} seconds')

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def named(module) -> dict[str, Callable[..., Any]]:
    """Return the public functions and classes of a module."""
    names = getattr(module, '__all__', None) or [
        name
        for name, value in vars(module).items()
        if getattr(value, '__module__', '') == module.__name__ and not name.startswith('_')
    ]
    return {name: value for name in names if _is_public(value := getattr(module, name))}


def _is_public(value) -> bool:
    """Whether a value is a function or a class; errors and aliases of types have no options."""
    is_error = isinstance(value, type) and issubclass(value, Exception)
    return callable(value) and not is_error and typing.get_origin(value) is None
