import gc

import jax
import pytest


@pytest.fixture(params=['jit', 'plain'])
def maybe_jit(request):
    """A transform of functions: ``jax.jit``, or nothing."""
    return jax.jit if request.param == 'jit' else (lambda fn: fn)


@pytest.fixture
def failing_restore():
    """Collect here, not in a later test, what orbax leaves behind when a restore fails."""
    yield
    gc.collect()
