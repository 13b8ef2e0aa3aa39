"""What several tests of programs share."""

import pytest

from experiments import build


@pytest.fixture(scope='module')
def dataset():
    size = {'train': 64, 'validation': 32, 'test': 32}
    digits = build.build({'fn': 'mtljax.data:digits', **size}, 'data')
    return lambda spec: digits
