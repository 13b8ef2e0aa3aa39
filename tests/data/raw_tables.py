"""The files of some loaders, and the same rows as tables with a header."""

import jax
import numpy as np

from mtljax.data._census.columns import COLUMNS
from mtljax.data._qm9.descriptors import descriptors
from mtljax.data._qm9.files import CHARGES
from mtljax.data._qm9.schema import NAMES
from tests.data import test_aliexpress, test_census, test_movielens, test_multi_target, test_qm9

LOADERS = ('census', 'movielens', 'aliexpress', 'arff', 'mat', 'qm9')


def raw(loader, folder):
    """Write the files of a loader; return the spec of its data, and all its rows as a table."""
    spec, table = _MADE[loader](folder)
    return spec | {'fn': f'mtljax.data:{spec["fn"]}'}, table


def rows_of(inputs):
    """Encoded inputs as one array of rows ``[N, D]``."""
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(inputs)]
    return np.concatenate(leaves, axis=1)


def inputs_of(dataset):
    """The inputs of all splits, one after the other."""
    splits = (dataset.train, dataset.validation, dataset.test)
    parts = [split.arrays.inputs for split in splits]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def order_of(inputs):
    """An order of rows that does not depend on the order in which they come."""
    return np.lexsort(rows_of(inputs).T)


def _census(folder):
    parts = zip(test_census.PACKAGED, (test_census.TRAIN, test_census.TEST), strict=True)
    for name, rows in parts:
        (folder / name).write_text(test_census.text(rows))
    rows = test_census.TRAIN + test_census.TEST
    table = {name: [row[name].strip() for row in rows] for name in COLUMNS}
    return {'fn': 'census', 'path': str(folder)}, table


def _movielens(folder):
    test_movielens.recbole(folder)
    users, films, _ = zip(*test_movielens.RATINGS, strict=True)
    genres = [test_movielens.kinds(film) for film in films]
    table = {
        'user_id': list(map(str, users)),
        'item_id': list(map(str, films)),
        'age': [str(test_movielens.AGES[user - 1]) for user in users],
        'gender': ['MF'[user % 2] for user in users],
        'occupation': [test_movielens.JOBS[user % 3] for user in users],
        'release_year': [test_movielens.YEARS[film - 1] for film in films],
    }
    for number, name in enumerate(test_movielens.GENRES):
        table[name] = [str(int(number in row)) for row in genres]
    return {'fn': 'movielens', 'path': str(folder)}, table


def _aliexpress(folder):
    test_aliexpress.write(folder)
    kinds, numbers, _ = (
        np.concatenate(pair)
        for pair in zip(test_aliexpress.TRAIN, test_aliexpress.TEST, strict=True)
    )
    cells = [*kinds.T.astype(str), *numbers.T.astype(str)]
    table = dict(zip(test_aliexpress.NAMES[1:-2], map(list, cells), strict=True))
    return {'fn': 'aliexpress', 'path': str(folder)}, table


def _arff(folder):
    path = test_multi_target.arff(folder, [(0, 0), (1, 1), (2, 3), (39, 4)])
    table = {
        'x 1': [*map(str, test_multi_target.X[:, 0])],
        'kind': [*map(str, test_multi_target.KIND)],
        'x2': [*map(str, test_multi_target.X[:, 1])],
    }
    table['x 1'][0], table['kind'][1] = '?', ''
    return {'fn': 'multi_target', 'path': str(path), 'targets': 2}, table


def _mat(folder):
    path = test_multi_target.cells(folder)
    first = np.concatenate([np.arange(n) + 100 * i for i, n in enumerate((12, 20, 30))])
    table = {'x1': [*map(str, first % 256)], 'x2': ['1'] * 62}
    return {'fn': 'multi_target', 'path': str(path)}, table


def _qm9(folder):
    test_qm9.write(folder)
    charges, places = np.zeros((30, 29)), np.zeros((30, 29, 3))
    for row, symbols in enumerate(test_qm9.MOLECULES):
        charges[row, : len(symbols)] = [CHARGES[symbol] for symbol in symbols]
        places[row, : len(symbols)] = test_qm9.PLACES[row]
    vectors = descriptors(charges, places).astype(str)
    table = dict(zip(NAMES, map(list, vectors.T), strict=True))
    return {'fn': 'qm9', 'path': str(folder)}, table


_MADE = {
    'census': _census,
    'movielens': _movielens,
    'aliexpress': _aliexpress,
    'arff': _arff,
    'mat': _mat,
    'qm9': _qm9,
}
