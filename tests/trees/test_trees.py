"""Trees taken apart and put together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtljax import trees
from tests.helpers import assert_same

TREE = {'wide': {'kernel': 1, 'bias': 2}, 'b': [3, 4], 'a': 5}
NESTED = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(st.sampled_from('zab'), inner) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ('where', 'chosen'),
    [
        (None, {1, 2, 3, 4, 5}),
        (['wide', 'a'], {1, 2, 5}),
        ('b/1', {4}),
        ([], set()),
        (lambda path: path.endswith('s'), {2}),
    ],
)
def test_select(where, chosen):
    marked, rest = trees.partition(TREE, trees.select(TREE, where))
    assert set(jax.tree.leaves(marked)) == chosen
    assert set(jax.tree.leaves(rest)) == {1, 2, 3, 4, 5} - chosen


@pytest.mark.parametrize('path', ['wid', 'wide/kern', 'b/2', ''])
def test_a_path_that_holds_no_leaf(path):
    with pytest.raises(ValueError, match=f"Found '{path}'"):
        trees.select(TREE, [path])


@settings(max_examples=50, deadline=None)
@given(NESTED, st.integers())
def test_merge_undoes_partition(tree, bound):
    marks = jax.tree.map(lambda leaf: leaf < bound, tree)
    first, second = trees.partition(tree, marks)
    assert trees.merge(first, second) == trees.merge(second, first) == tree


def test_rows():
    rows = [{'b': jnp.arange(3.0) + i, 'a': jnp.array(i)} for i in range(4)]
    stacked = trees.stack(rows)
    assert trees.count(stacked) == 16
    for row, again in zip(rows, trees.unstack(stacked), strict=True):
        assert_same(row, again)
    changed = trees.set_row(stacked, 2, rows[0])
    assert_same(trees.row(changed, 2), rows[0])
    assert_same(trees.row(changed, 3), rows[3])
    assert np.asarray(stacked['a']).tolist() == [0, 1, 2, 3]


def test_no_leaf_has_no_row():
    assert trees.unstack({}) == []
    assert trees.count({}) == 0
