"""Packages that only some users need."""

import importlib.util


def check_extra(extra: str, *packages: str) -> None:
    """Raise an error unless the packages of an extra are installed.

    Raises:
      ImportError: A package is missing. The message says how to install it.

    >>> check_extra('export', 'jax', 'no_such_package')
    Traceback (most recent call last):
    ImportError: The package no_such_package is missing. Install it: pip install 'mtljax[export]'.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                f"The package {package} is missing. Install it: pip install 'mtljax[{extra}]'."
            )
