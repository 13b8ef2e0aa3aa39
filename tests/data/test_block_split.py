"""Splits that are read in blocks: their order, their memory, and runs that go on."""

import jax
import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, backbones, data, sharing, surgery, training
from tests.data.shop_table import TABLE, TARGETS

pa = pytest.importorskip('pyarrow')
pq = pytest.importorskip('pyarrow.parquet')
SIZES = (3, 5, 4, 4, 7, 1, 6)


def blocks(sizes=SIZES, window=8, reads=None):
    starts = np.cumsum([0, *sizes])

    def read(block):
        if reads is not None:
            reads.append(block)
        rows = np.arange(starts[block], starts[block + 1])
        return Batch(rows, {'y': rows.astype(np.float32)}, {'y': rows >= 0})

    return data.BlockSplit(read, sizes, window=window)


def test_examples_are_found_by_their_index():
    split, rows = blocks(), np.random.default_rng(0).permutation(sum(SIZES))
    assert split.size == 30
    np.testing.assert_array_equal(split.take(rows).inputs, rows)
    np.testing.assert_array_equal(split.take([7, 7, 2]).inputs, [7, 7, 2])
    assert split.probe.tolist() == [0, 2, 24, 29]


@pytest.mark.parametrize('window', [1, 8, 100])
def test_an_epoch_is_a_permutation_in_windows(window):
    split = blocks(window=window)
    block_of = np.repeat(np.arange(len(SIZES)), SIZES)
    orders = [split.order(seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    for order in orders:
        assert sorted(order.tolist()) == list(range(30))
        places = {b: np.flatnonzero(block_of[order] == b) for b in range(len(SIZES))}
        spread = max(each.max() - each.min() for each in places.values())
        assert spread < min(window + max(SIZES), 30)
    assert len({tuple(order) for order in orders}) == 3
    np.testing.assert_array_equal(orders[0], blocks(window=window).order(0, 0))


def test_each_block_is_read_once_in_an_epoch():
    reads = []
    split = blocks(window=8, reads=reads)
    seen = [batch.inputs for batch in split.batches(3, seed=2)]
    assert sorted(np.concatenate(seen).tolist()) == list(range(30))
    assert sorted(reads) == list(range(len(SIZES)))


def test_batches_are_those_of_any_start():
    split = blocks()
    rows = data.batch_indices(30, 4, 0, 0, 21, split.order)  # three epochs
    for start in (5, 6, 7, 13):
        np.testing.assert_array_equal(
            data.batch_indices(30, 4, 0, start, 21, split.order), rows[start:]
        )
    changed = data.MappedSplit(split, lambda batch, _: batch)
    np.testing.assert_array_equal([batch.inputs for batch in changed.batches(4, epochs=3)], rows)


def test_a_run_on_a_streamed_table_goes_on_to_the_same_bits(tmp_path):
    pq.write_table(pa.table(TABLE), tmp_path / 'a.parquet', row_group_size=40)
    table = data.table(tmp_path / 'a.parquet', TARGETS, stream=True, window=80)
    heads = {name: task.head for name, task in table.tasks.items()}
    model = sharing.hard(backbones.tabular(**table.inputs, widths=(4,)), heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(1e-2))
    options = {'steps': 18, 'log_every': 3, 'eval_every': 3, 'batch_size': 32}
    whole = training.train(model, table, tx, **options, workdir=tmp_path / 'whole')
    bad = data.batch_indices(table.train.size, 32, 0, 8, 9, table.train.order)[0]

    def fail(batch, indices):
        if np.array_equal(indices, bad):
            raise RuntimeError('the disk is gone')
        return batch

    broken = Dataset(
        table.tasks,
        data.MappedSplit(table.train, fail),
        table.validation,
        table.test,
        inputs=table.inputs,
        fitted=table.fitted,
        schema=table.schema,
    )
    with pytest.raises(Exception, match='the disk is gone'):
        training.train(model, broken, tx, **options, workdir=tmp_path / 'parts')
    again = training.train(model, table, tx, **options, workdir=tmp_path / 'parts')
    jax.tree.map(np.testing.assert_array_equal, whole.state.params, again.state.params)
    assert whole.test == again.test
