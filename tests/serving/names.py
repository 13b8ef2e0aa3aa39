"""Parameters of tests."""

import pytest


def some(names, quick):
    """All names; those that are not quick are tested by `make test-all` only."""
    return [
        name if name in quick else pytest.param(name, marks=pytest.mark.exhaustive)
        for name in names
    ]
