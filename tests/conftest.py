import gc

import jax
import jaxtyping
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


@pytest.fixture
def unchecked():
    """Let arguments of a wrong type through to the checks of the library itself."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update('jaxtyping_disable', True)
    yield
    jaxtyping.config.update('jaxtyping_disable', before)
