"""Shapes in error messages."""

from typing import Any

import jax

ROWS = 97  # a batch size for checks that differs from usual numbers of classes and channels


def shape_text(tree: Any) -> Any:
    """Return the shapes as text, with B for the number of examples.

    >>> shape_text(jax.ShapeDtypeStruct((97, 3), 'float32'))
    '(B, 3)'
    """

    def text(leaf):
        sizes = ['B' if size == ROWS else str(size) for size in leaf.shape]
        return f'({", ".join(sizes)}{"," * (len(sizes) == 1)})'

    return jax.tree.map(text, tree)
