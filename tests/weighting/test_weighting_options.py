"""Options of weightings: which are refused, and how they are mapped over."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import weighting
from mtljax.testing._weighting_case import scan_of, steps_of


@pytest.mark.parametrize(
    ('make', 'values'),
    [
        (lambda v: weighting.constant(jnp.ones(3) * v), [0.5, 2]),
        (lambda v: weighting.uncertainty(initial=v), [0.5, -2]),
        (lambda v: weighting.imtl_l(optimizer=optax.adam(v)), [0.1, 1]),
        (lambda v: weighting.dwa(2, temperature=v), [0.1, 1]),
        (lambda v: weighting.famo(weight_decay=v), [0.0, 1]),
        (lambda v: weighting.famo(min_losses=v), [0.0, -1]),
        (lambda v: weighting.stch(jnp.array([1, 2, 3]) * v), [0.1, 1]),
        (lambda v: weighting.stch(smoothing=v, ideal=-v), [0.1, 1]),
    ],
)
def test_options_can_be_mapped_over(make, values):
    steps = steps_of(np.arange(3))
    found = jax.jit(jax.vmap(lambda v: scan_of(make(v))(steps)[1]))(jnp.array(values))
    expected = [scan_of(make(value))(steps)[1] for value in values]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: weighting.constant([1, -1]), r'finite numbers >= 0\. Found'),
        (lambda: weighting.constant([1, np.nan]), r'finite numbers >= 0\. Found'),
        (lambda: weighting.constant([[1, 1]]), r'finite numbers >= 0\. Found'),
        (lambda: weighting.constant(np.array([np.inf, 1])), r'finite numbers >= 0\. Found'),
        (lambda: weighting.constant([1, 1]).init(3), 'one per task, 3'),
        (lambda: weighting.constant(jnp.ones(())).init(3), 'one per task, 3'),
        (lambda: weighting.uncertainty('huber'), "Found form = 'huber'"),
        (lambda: weighting.uncertainty(['regression', 2]), 'Found form = 2'),
        (lambda: weighting.uncertainty(['regression']).init(2), 'one per task, 2'),
        (lambda: weighting.uncertainty(initial=np.inf), 'Found initial = inf'),
        (lambda: weighting.uncertainty(initial=[0, 1]).init(3), 'one per task, 3'),
        (lambda: weighting.uncertainty(optimizer=0.1), r'Found optimizer = 0\.1'),
        (lambda: weighting.imtl_l(optimizer='adam'), "Found optimizer = 'adam'"),
        (lambda: weighting.dwa(0), 'Found window = 0'),
        (lambda: weighting.dwa(2.0), r'whole number >= 1\. Found window = 2\.0'),
        (lambda: weighting.dwa(2, temperature=0), 'Found temperature = 0'),
        (lambda: weighting.famo(weight_decay=-1), 'Found weight_decay = -1'),
        (lambda: weighting.famo(min_losses=np.nan), 'Found min_losses = nan'),
        (lambda: weighting.famo(min_losses=[0, 1]).init(3), 'one per task, 3'),
        (lambda: weighting.stch([1, -1]), r'finite numbers >= 0\. Found'),
        (lambda: weighting.stch([1, 1]).init(3), 'one per task, 3'),
        (lambda: weighting.stch(smoothing=0), 'Found smoothing = 0'),
        (lambda: weighting.stch(ideal=[[0]]), r'Found ideal = \[\[0\]\]'),
        (lambda: weighting.chain(), 'at least one weighting'),
        (lambda: weighting.chain([weighting.equal()]), 'one by one'),
    ],
)
@pytest.mark.usefixtures('unchecked')
def test_options_that_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
