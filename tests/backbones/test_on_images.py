"""Images as weights expect them."""

import jax
import numpy as np
import pytest

from mtljax import backbones
from mtljax.base import Module

SAME = Module(lambda key, x: ({}, {}), lambda params, state, x, **_: (x, state))
GREY = np.random.default_rng(0).random((2, 4, 6), np.float32)


def read(x, **options):
    (stage,) = backbones.on_images((SAME, SAME), stages=1, **options)
    return stage.apply({}, {}, x)[0]


def test_grey_images_get_three_channels_that_are_normalised():
    y = read(GREY, mean=(0.1, 0.2, 0.3), deviation=0.5)
    expected = (GREY[..., None] - np.array([0.1, 0.2, 0.3])) / 0.5
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(read(GREY[..., None], mean=0.1), read(GREY, mean=0.1))


def test_sizes():
    rgb = np.repeat(GREY[..., None], 3, axis=-1)
    np.testing.assert_array_equal(read(rgb, size=(4, 6)), rgb)
    larger = read(rgb, size=(8, 12))
    expected = jax.image.resize(rgb, (2, 8, 12, 3), 'bilinear')
    np.testing.assert_allclose(larger, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'stages': 2}, 'stages should be in 1..1. Found stages = 2'),
        ({'size': (8,)}, r'\(height, width\), or None. Found size = \(8,\)'),
        ({'deviation': 0.0}, 'deviation should be a number > 0, or three. Found deviation = 0.0'),
        ({'mean': (1.0, 2.0)}, 'mean should be a finite number, or three'),
        ({'backbone': ()}, r'a tuple of stages. Found backbone = \(\)'),
    ],
)
def test_refused(options, said):
    with pytest.raises(ValueError, match=said):
        backbones.on_images(**{'backbone': (SAME,)} | options)


def test_other_inputs():
    with pytest.raises(ValueError, match=r'one channel or three. Found inputs \(2, 4, 6, 2\)'):
        read(np.stack([GREY, GREY], axis=-1))
