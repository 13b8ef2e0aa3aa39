"""QM9: molecules, their descriptors, and the units of the targets."""

import numpy as np
import pytest

from mtljax import data, testing
from mtljax.data._qm9.descriptors import descriptors
from mtljax.data._qm9.files import CHARGES

HEADER = [
    'XYZ_file', 'Index', 'SMILES', 'Elements', 'XYZ_Ang', 'Dipole_debye', 'Polarizability_bohr3',
    'HOMO_au', 'LUMO_au', 'HOMO_LUMO_gap_au', 'R2_bohr2', 'ZPVE_au', 'InternalEnergy_0K_au',
    'InternalEnergy_298K_au', 'Enthalphy_298K_au', 'GibbsFreeEnergy_298K_au',
    'Heatcapacity_Cv_cal_mol_K',
]  # fmt: skip
NAMES = ['mu', 'alpha', 'homo', 'lumo', 'r2', 'zpve', 'U0', 'U', 'H', 'G', 'Cv']
RNG = np.random.default_rng(0)
MOLECULES = [RNG.choice(list(CHARGES), size=3 + index % 27) for index in range(30)]
PLACES = [RNG.uniform(-4, 4, (len(symbols), 3)).round(4) for symbols in MOLECULES]
VALUES = RNG.normal(size=(30, 12)).round(5)  # the gap is the fifth
FREE = {  # Hartree, of the authors of the data
    'U0': {'H': -0.500273, 'C': -37.846772, 'N': -54.583861, 'O': -75.064579, 'F': -99.718730},
    'U': {'H': -0.498857, 'C': -37.845355, 'N': -54.582445, 'O': -75.063163, 'F': -99.717314},
    'H': {'H': -0.497912, 'C': -37.844411, 'N': -54.581501, 'O': -75.062219, 'F': -99.716370},
    'G': {'H': -0.510927, 'C': -37.861317, 'N': -54.598897, 'O': -75.079532, 'F': -99.733544},
}


def text(number):
    return f'{number:g}.' if number == int(number) else str(number)


def line(index):
    symbols = ','.join(f"'{symbol}'" for symbol in MOLECULES[index])
    places = ','.join(f'[{",".join(map(text, row))}]' for row in PLACES[index])
    values = ','.join(map(text, VALUES[index]))
    return f'"dsgdb9nsd_{index:06}.xyz",{index},"C","[{symbols}]","[{places}]",{values}'


def write(folder, change=lambda content: content, part=2):
    for number, rows in enumerate(np.array_split(np.arange(30), 3), 1):
        content = '\n'.join([','.join(HEADER), *map(line, rows)]) + '\n'
        path = folder / f'qm9_part{number}.csv'
        path.write_text(change(content) if number == part else content)
    return folder


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    return data.qm9(write(tmp_path_factory.mktemp('qm9')))


def order():
    return np.random.default_rng(0).permutation(30)


def test_splits_and_tasks(dataset, tmp_path):
    assert list(dataset.tasks) == NAMES
    testing.check_data(dataset)
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [24, 3, 3]
    fewer = data.qm9(write(tmp_path), train=10)
    assert fewer.train.size == 10
    # A test molecule is the same whatever is trained on, up to the statistics of training.
    zeros, shown = np.zeros(3, np.float32), []
    for found in (dataset, fewer):
        batch, metric = found.test.arrays, found.tasks['mu'].metrics['mae']
        units = metric.update(batch.targets['mu'], zeros, batch.mask['mu'])
        shown.append(float(metric.result(units)))
    mean = [VALUES[order()[6:][:count], 0].mean() for count in (24, 10)]
    expected = [np.abs(VALUES[order()[:3], 0] - m).mean() for m in mean]
    np.testing.assert_allclose(shown, expected, rtol=1e-4)


def test_targets_and_units(dataset):
    rows, seen = order()[6:], dataset.train.arrays
    values = dict(zip(NAMES, np.delete(VALUES, 4, axis=1).T, strict=True))
    free = {
        name: np.array([sum(atoms[symbol] for symbol in symbols) for symbols in MOLECULES])
        for name, atoms in FREE.items()
    }
    expected = {
        'mu': values['mu'],
        'alpha': values['alpha'],
        'homo': values['homo'] * 27211.386246,
        'zpve': values['zpve'] * 27211.386246,
        'lumo': values['lumo'] * 27211.386246,
        **{name: (values[name] - free[name]) * 27211.386246 for name in FREE},
        'Cv': values['Cv'],
        'r2': values['r2'],
    }
    assert set(expected) == set(NAMES)
    for name, column in expected.items():
        chosen = column[rows]
        scaled = (chosen - chosen.mean()) / chosen.std()
        np.testing.assert_allclose(seen.targets[name], scaled, rtol=1e-4, atol=1e-5)
        assert seen.targets[name].dtype == np.float32
    for name in NAMES:
        metric = dataset.tasks[name].metrics['mae']
        sums = metric.update(np.zeros(24, np.float32), seen.targets[name], seen.mask[name])
        chosen = expected[name][rows]
        found = float(metric.result(sums))
        assert found == pytest.approx(np.abs(chosen - chosen.mean()).mean(), rel=1e-4)
        back = dataset.tasks[name].inverse(seen.targets[name])
        np.testing.assert_allclose(back, chosen, rtol=1e-4, atol=1e-4 * chosen.std())


def test_inputs(dataset):
    seen = dataset.train.arrays.inputs
    assert seen.shape == (24, 38)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(0)[:6], 1, atol=1e-4)
    sizes = np.array([len(MOLECULES[row]) for row in order()[6:]])
    np.testing.assert_allclose(seen[:, 5], (sizes - sizes.mean()) / sizes.std(), rtol=1e-4)


def molecule(symbols, places):
    charges, positions = np.zeros((1, 29)), np.zeros((1, 29, 3))
    charges[0, : len(symbols)] = [CHARGES[symbol] for symbol in symbols]
    positions[0, : len(symbols)] = places
    return charges, positions


def test_a_coulomb_matrix_by_hand():
    found = descriptors(*molecule(['O', 'H'], [[0, 0, 0], [0, 0, 0.529177210903 * 2]]))[0]
    assert found[:6].tolist() == [1, 0, 0, 1, 0, 2]
    matrix = [[0.5 * 8**2.4, 8 / 2], [8 / 2, 0.5]]
    expected = sorted(np.linalg.eigvalsh(matrix), key=abs, reverse=True)
    np.testing.assert_allclose(found[6:8], expected, rtol=1e-5)
    assert (found[8:35] == 0).all()
    # The centre of charge lies at 2/9; the moment about it is 8 (2/9)^2 + (16/9)^2, in Bohr.
    np.testing.assert_allclose(found[35:], [0, 0, 8 * (2 / 9) ** 2 + (16 / 9) ** 2], atol=1e-5)


def test_descriptors_do_not_turn():
    symbols, places = MOLECULES[20], PLACES[20]
    turn = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    mixed = RNG.permutation(len(symbols))
    first = descriptors(*molecule(symbols, places))
    second = descriptors(*molecule(symbols[mixed], places[mixed] @ turn + 5))
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda content: '', 'qm9_part2.csv should hold rows'),
        (
            lambda content: content.split('\n')[0],
            'qm9_part2.csv should hold molecules below its header',
        ),
        (lambda content: content[:-60], 'qm9_part2.csv, line 11: the row should have 17 fields'),
        (
            lambda content: content.replace('HOMO_au,', 'homo,', 1),
            r"should have the columns \['HOMO_au'\]",
        ),
        (
            lambda content: content.replace("'N'", "'Na'", 1),
            "row 2: Elements should hold 1 to 29 .*'Na'",
        ),
        (lambda content: content.replace(',[', ',[x', 1), 'row 2: XYZ_Ang should hold 13'),
        (lambda content: content.replace(',[', ',[nan,', 1), 'row 2: XYZ_Ang should hold 13'),
        (lambda content: content.replace('],[', ',', 1).replace('[[', '[[1,1,1],[', 1), '13 diff'),
        (lambda content: content.replace('Index', 'SMILES', 1), r"Found twice: \['SMILES'\]"),
        (lambda content: content + line(3).replace(',3,', ',99,', 1), 'molecule 21 of the files'),
        (lambda content: content.rsplit(',', 1)[0] + ',x\n', "row 11: 'Heatcapacity.*a number"),
        (
            lambda content: content.rsplit(',', 1)[0] + ',\n',
            "row 11: 'Heatcapacity.*a number. Found ''",
        ),
    ],
)
def test_files_that_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        data.qm9(write(tmp_path, change))


def test_a_file_that_is_missing(tmp_path):
    (write(tmp_path) / 'qm9_part3.csv').unlink()
    with pytest.raises(FileNotFoundError, match=r'part3.csv is missing(.|\n)*fetch qm9'):
        data.qm9(tmp_path)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'train': 0}, 'train should be'),
        ({'train': 25}, 'train should be 24 or less. Found train = 25'),
        ({'seed': -1}, 'seed should be'),
    ],
)
def test_options_that_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        data.qm9(write(tmp_path), **options)


def test_by_default_it_is_what_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv('MTLJAX_DATA', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='data fetch qm9'):
        data.qm9()
    (tmp_path / 'qm9').mkdir()
    write(tmp_path / 'qm9')
    assert data.qm9().train.size == 24


def test_too_few_molecules(tmp_path):
    write(tmp_path)
    for path in tmp_path.iterdir():
        path.write_text('\n'.join(path.read_text().split('\n')[:3]))
    with pytest.raises(ValueError, match=r'ten molecules or more. Found 6'):
        data.qm9(tmp_path)
