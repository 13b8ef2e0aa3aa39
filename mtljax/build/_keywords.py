"""The keywords of a function that a config names."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mtljax._near import did_you_mean
from mtljax._shown import shown


def keywords_of(
    function: Callable[..., Any], passed: int = 0
) -> Mapping[str, inspect.Parameter] | None:
    """Return the parameters of a function that a config can set.

    Args:
      function: The function.
      passed: The number of positional arguments that the caller passes.

    Returns:
      The parameters, or None if the function takes any keyword or does not name its parameters.

    >>> list(keywords_of(lambda backbone, heads, *, width=8: None, 2))
    ['width']
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function in C
        return None
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return None
    plain = [each for each in parameters if each.kind is not each.KEYWORD_ONLY]
    own = parameters[passed:] if len(plain) >= passed else parameters[len(plain) :]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {each.name: each for each in own if each.kind in named}


def check_keywords(
    function: Callable[..., Any], name: str, field: str, found: Iterable[str], passed: int = 0
) -> None:
    """Raise a ValueError if a function does not take a keyword.

    Args:
      function: The function.
      name: Its name, for the message.
      field: The field of the config, such as ``'sharing'``.
      found: The keywords.
      passed: The number of positional arguments that the caller passes.

    >>> check_keywords(lambda *, width=8: None, 'own:f', 'sharing', ['widht'])
    Traceback (most recent call last):
    ValueError: config.sharing should have options of own:f: width. Found 'widht'. Did you ...
    """
    known = keywords_of(function, passed)
    unknown = [] if known is None else [key for key in found if key not in known]
    if known is not None and unknown:
        options = ', '.join(known) or 'it has none'
        raise ValueError(
            f'config.{field} should have options of {name}: {options}. '
            f'Found {", ".join(map(shown, unknown[:3]))}.{did_you_mean(unknown, known)}'
        )
