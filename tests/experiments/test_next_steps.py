"""The commands that follow a comparison, for loaders of tables and for texts."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from experiments import build
from experiments.compare.next_steps import next_steps
from mtljax import data
from tests.data.raw_tables import raw


@pytest.mark.parametrize('loader', ['census', 'movielens', 'arff', 'qm9'])
def test_the_next_commands_of_a_loader_have_rows(tmp_path, loader):
    spec, _ = raw(loader, tmp_path)
    dataset = build.build(spec, 'data')
    found = next_steps(tmp_path, tmp_path / 'best', ConfigDict({'data': spec}), dataset)
    assert f'--input={tmp_path}/rows.csv' in found[0]
    (part,) = data.table_chunks(tmp_path / 'rows.csv', None)
    encoded = data.Schema.from_json(dataset.schema).encode(part).inputs
    right = dataset.test.take(np.arange(min(5, dataset.test.size))).inputs
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4), encoded, right)
    assert len(found) == 3


def test_the_next_commands_of_a_text_read_it(tmp_path):
    path = tmp_path / 'play.txt'
    path.write_text('To be, or not to be. ' * 30)
    spec = {'fn': 'mtljax.data:text', 'path': str(path), 'length': 4}
    dataset = build.build(spec, 'data')
    found = next_steps(tmp_path, tmp_path / 'best', ConfigDict({'data': spec}), dataset)
    assert f'--input={path}' in found[0]
    assert len(found) == 2
