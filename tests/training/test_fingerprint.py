"""A run trains on one data set only."""

import dataclasses
import json
import logging

import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, Task, backbones, data, files, heads, sharing, surgery, training
from mtljax.training._fingerprint import differences, fingerprint

TX = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.1))
SIZE = {'steps': 2, 'batch_size': 8, 'log_every': 1, 'eval_every': 1}


def houses(change=None, rows=60):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3)).astype(np.float32)
    y = rng.normal(size=rows).astype(np.float32)
    if change is not None:
        change(x, y)
    return data.arrays(x, {'a': y}, {'a': Task(heads.linear(), optax.squared_error)})


def train(dataset, workdir):
    model = sharing.hard(backbones.mlp((4,)), dataset.heads)
    return training.train(model, dataset, TX, workdir=workdir, **SIZE)


def one_cell(x, y):
    x[0, 0] += 0.01


def rounding(x, y):
    x *= 1 + np.float32(1e-7)


def test_one_cell_matters_and_rounding_does_not():
    found = [fingerprint(houses(change)) for change in (None, one_cell, rounding)]
    assert differences(found[0], found[0]) == []
    (line,) = differences(found[0], found[1])
    assert line.startswith('other examples in ')
    assert differences(found[0], found[2]) == []
    assert found[0] != found[2]


def test_the_order_matters():
    def swapped(x, y):
        x[[0, 1]] = x[[1, 0]]

    plain, other = (fingerprint(houses(change)) for change in (None, swapped))
    assert differences(plain, other)


def test_units_and_what_was_fitted():
    plain = houses()
    twice = dataclasses.replace(plain.tasks['a'], inverse=lambda y: 2 * y)
    scaled = dataclasses.replace(plain, tasks={'a': twice})
    fitted = dataclasses.replace(plain, fitted={'colour': {'categories': ['red']}})
    here = fingerprint(plain)
    assert differences(here, fingerprint(scaled)) == ['other units of task a']
    assert differences(here, fingerprint(fitted)) == ['other columns, categories or scales']


def test_other_data_in_the_folder_of_a_run(tmp_path):
    first = train(houses(), tmp_path)
    with pytest.raises(ValueError, match=r'Found other examples.*pass init_from'):
        train(houses(one_cell), tmp_path)
    with pytest.raises(ValueError, match=r'42 examples in train there, 49 here'):
        train(houses(rows=70), tmp_path)
    assert train(houses(), tmp_path).test == first.test


@pytest.mark.exhaustive
def test_a_folder_without_a_fingerprint_is_said_once_to_be_unchecked(tmp_path, caplog):
    train(houses(), tmp_path)
    (tmp_path / 'run.json').unlink()
    with caplog.at_level(logging.WARNING):
        train(houses(), tmp_path)
        train(houses(), tmp_path)
    lines = [r.getMessage() for r in caplog.records if 'fingerprint' in r.getMessage()]
    assert len(lines) == 1


def test_a_newer_folder_is_refused(tmp_path):
    train(houses(), tmp_path)
    path = tmp_path / 'run.json'
    content = files.without_checksum(json.loads(path.read_text()))
    path.write_text(json.dumps(files.with_checksum(content | {'format': 99})))
    with pytest.raises(ValueError, match=r'should be at most 1. Found 99. Use a newer version'):
        train(houses(), tmp_path)


def test_a_split_that_is_not_in_memory():
    def streamed(shift):
        def read(row):
            values = np.full(3, row + shift, np.float32)
            return Batch(values, {'a': np.float32(row)}, {'a': np.bool_(True)})

        split = data.FileSplit(read, np.arange(100))
        return Dataset({'a': Task(heads.linear(), optax.squared_error)}, split, split, split)

    plain, same, other = (fingerprint(streamed(shift)) for shift in (0, 0, 1))
    assert differences(plain, same) == []
    assert differences(plain, other)[0] == 'other examples in train'


@pytest.mark.parametrize('damage', ['digit', 'cut'])
def test_a_damaged_fingerprint_is_refused(tmp_path, damage):
    train(houses(), tmp_path)
    path = tmp_path / 'run.json'
    text = path.read_text()
    digit = next(each for each in text[text.index('"data"') :] if each in '12345678')
    path.write_text(text[::-1].replace(digit, '9', 1)[::-1] if damage == 'digit' else text[:50])
    for _ in range(2):
        with pytest.raises(ValueError, match=r'run.json should hold.*remove the file'):
            train(houses(), tmp_path)
    path.unlink()
    train(houses(), tmp_path)
    assert path.read_text() == text
