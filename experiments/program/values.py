"""Values on the command line."""

import ast
from inspect import Parameter
from typing import Any

_WORDS = {'true': True, 'false': False}
_TAB = r'\t'  # what a shell leaves of '\t'


def literal(text: str, *, listed: bool = False) -> Any:
    """Return the value of a text: what Python reads, or the text itself.

    Args:
      text: The text.
      listed: Whether the value is a tuple. A text is then divided at its commas.

    >>> literal('0.5'), literal('true'), literal('mean'), literal('a, b', listed=True)
    (0.5, True, 'mean', ('a', 'b'))
    """
    try:
        value = _WORDS[text] if text in _WORDS else ast.literal_eval(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        value = tuple(part.strip() for part in text.split(',') if part.strip()) if listed else text
    if not listed or value is None or isinstance(value, dict):
        return value
    return tuple(value) if isinstance(value, list | tuple | set) else (value,)


def with_tab(argument: str) -> str:
    r"""Return an argument of a command; the value ``\t``, two characters, becomes a tab.

    >>> with_tab(r'--delimiter=\t'), with_tab('--delimiter=;')
    ('--delimiter=\t', '--delimiter=;')
    """
    flag, equals, value = argument.rpartition('=')
    return f'{flag}{equals}\t' if value == _TAB else argument


def value_for(text: str, parameter: Parameter | None) -> Any:
    """Return the value of a text for a parameter of a function.

    >>> def f(widths=(8,), after: 'Sequence[str] | None' = None): ...
    >>> import inspect
    >>> parameters = inspect.signature(f).parameters
    >>> value_for('16', parameters['widths']), value_for('a,b', parameters['after'])
    ((16,), ('a', 'b'))
    """
    if parameter is None:
        return literal(text)
    if isinstance(parameter.default, list | tuple):
        return literal(text, listed=True)
    several = any(word in str(parameter.annotation) for word in ('Sequence', 'Iterable'))
    return literal(text, listed=several and ',' in text)
