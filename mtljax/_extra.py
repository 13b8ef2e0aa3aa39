"""Packages that only some users need."""

import importlib.util


class MissingExtraError(ImportError):
    """A package of an extra is not installed."""


def check_extra(extra: str, *packages: str) -> None:
    """Raise an error unless the packages of an extra are installed.

    Raises:
      MissingExtraError: A package is missing. The message says how to install it.

    >>> check_extra('export', 'jax', 'no_such_package')
    Traceback (most recent call last):
    mtljax._extra.MissingExtraError: The package no_such_package is missing. Install it: ...
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(
                f"The package {package} is missing. Install it: pip install 'mtljax[{extra}]'."
            )
