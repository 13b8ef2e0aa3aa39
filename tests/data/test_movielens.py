"""MovieLens-100k in its two layouts."""

import gzip

import numpy as np
import pytest

from mtljax import data, testing

GENRES = [
    'unknown', 'Action', 'Adventure', 'Animation', "Children's", 'Comedy', 'Crime', 'Documentary',
    'Drama', 'Fantasy', 'Film-Noir', 'Horror', 'Musical', 'Mystery', 'Romance', 'Sci-Fi',
    'Thriller', 'War', 'Western',
]  # fmt: skip
AGES = [7, 18, 24, 44, 45, 73, 7, 18, 24, '']
YEARS = ['1995', '1991', '1989', '1980', '1932', '']
JOBS = ['student', 'other', 'writer']
RATINGS = [(1 + i % 10, 1 + i // 10, 1 + (i * 7 + i // 10) % 5) for i in range(60)]


def kinds(film):
    """The genres of a film."""
    return [film, 18 - film]


def recbole(folder, **changes):
    files = {
        'inter': ['user_id:token\titem_id:token\trating:float\ttimestamp:float'],
        'user': ['user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token'],
        'item': ['item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq'],
    }
    files['inter'] += [f'{u}\t{i}\t{r}\t88' for u, i, r in RATINGS]
    files['user'] += [
        f'{u}\t{age}\t{"MF"[u % 2]}\t{JOBS[u % 3]}\t00000' for u, age in enumerate(AGES, 1)
    ]
    files['item'] += [
        f'{i}\tFilm\t{year or "V"}\t{" ".join(GENRES[g] for g in kinds(i))}'
        for i, year in enumerate(YEARS, 1)
    ]
    for kind, lines in files.items():
        change = changes.get(kind, lambda text: text)
        (folder / f'ml-100k.{kind}').write_text(change('\n'.join(lines) + '\n'))
    return folder


def grouplens(folder, **changes):
    films = []
    for film, year in enumerate(YEARS, 1):
        flags = '|'.join(str(int(g in kinds(film))) for g in range(19))
        films.append(f'{film}|"É ({year})|{year and "01-Jan-" + year}||http://x|{flags}')
    people = [f'{u}|{age}|{"MF"[u % 2]}|{JOBS[u % 3]}|0' for u, age in enumerate(AGES, 1)]
    files = {'data': [f'{u}\t{i}\t{r}\t88' for u, i, r in RATINGS], 'user': people, 'item': films}
    for kind, lines in files.items():
        change = changes.get(kind, lambda text: text)
        (folder / f'u.{kind}').write_bytes(change('\n'.join(lines) + '\n').encode('latin-1'))
    return folder


def test_both_layouts_are_the_same(tmp_path):
    (tmp_path / 'other').mkdir()
    first = data.movielens(recbole(tmp_path))
    testing.check_data(first)
    second = data.movielens(grouplens(tmp_path / 'other'))
    assert first.inputs == second.inputs
    for split in ('train', 'validation', 'test'):
        one, other = (getattr(d, split).arrays for d in (first, second))
        for name in ('categorical', 'numeric'):
            np.testing.assert_array_equal(one.inputs[name], other.inputs[name])
        np.testing.assert_array_equal(one.targets['rating'], other.targets['rating'])


def test_columns_and_targets(tmp_path):
    dataset = data.movielens(recbole(tmp_path))
    assert dataset.inputs == {'cardinalities': (10, 6, 5, 2, 3, 4), 'numeric': 19}
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [48, 6, 6]
    train = dataset.train.arrays
    assert train.inputs['categorical'].dtype == np.int32
    assert train.inputs['numeric'].dtype == train.targets['rating'].dtype == np.float32
    assert train.targets['like'].dtype == np.int32
    rows = np.concatenate([split.arrays.inputs['categorical'] for split in splits])
    flags = np.concatenate([split.arrays.inputs['numeric'] for split in splits])
    liked = np.concatenate([split.arrays.targets['like'] for split in splits])
    user = np.array([0, 9, *range(1, 9)])[rows[:, 0]]  # sorted as text: 1, 10, 2
    film = rows[:, 1]  # numbered from 0 in the order of the ids
    ages = np.array([0, 1, 1, 2, 3, 4, 0, 1, 1, -1])  # the last is not known
    np.testing.assert_array_equal(rows[:, 2], ages[user])
    np.testing.assert_array_equal(rows[:, 3], np.array([0, 1] * 5)[user])  # F, M
    np.testing.assert_array_equal(rows[:, 4], np.array([0, 2, 1] * 4)[user])
    # Sorted: 193, 198, 1991, 1995; 1989 and 1980 are one decade, and '' is unknown.
    np.testing.assert_array_equal(rows[:, 5], np.array([3, 2, 1, 1, 0, -1])[film])
    for index in range(60):
        assert np.flatnonzero(flags[index]).tolist() == sorted(kinds(int(film[index]) + 1))
    found = sorted(zip(user + 1, film + 1, liked, strict=True))
    assert found == sorted((u, i, r >= 4) for u, i, r in RATINGS)
    np.testing.assert_allclose(train.targets['rating'].std(), 1, rtol=1e-5)
    first = data.movielens(tmp_path, seed=1).train.arrays.targets['rating']
    assert (first != train.targets['rating']).any()


def test_metrics_are_in_stars(tmp_path):
    dataset = data.movielens(recbole(tmp_path))
    batch, rmse = dataset.train.arrays, dataset.tasks['rating'].metrics['rmse']
    zeros = np.zeros(48, np.float32)
    found = rmse.result(rmse.update(zeros, batch.targets['rating'], batch.mask['rating']))
    stars = np.unique(batch.targets['rating'])
    scale = 1 / np.diff(stars)  # a star is so much
    assert float(found) == pytest.approx(float(scale[0]), rel=1e-3)
    back = dataset.tasks['rating'].inverse(stars)
    np.testing.assert_allclose(back, np.unique([stars for *_, stars in RATINGS]), rtol=1e-5)
    assert list(dataset.tasks) == ['rating', 'like']
    assert list(dataset.tasks['like'].metrics) == ['auc']


def test_categories_that_training_lacks(tmp_path):
    """A user with one rating, which is held out, is unknown."""
    found = []
    for seed in range(8):
        dataset = data.movielens(
            recbole(
                tmp_path,
                inter=lambda text: text + '11\t1\t5\t88\n',
                user=lambda text: text + '11\t30\tM\tother\t0\n',
            ),
            seed=seed,
        )
        held = (dataset.validation.arrays, dataset.test.arrays)
        unknown = sum(int((split.inputs['categorical'][:, 0] == -1).sum()) for split in held)
        assert unknown == 11 - dataset.inputs['cardinalities'][0]
        found.append(unknown)
    assert 1 in found


def test_gzipped(tmp_path):
    grouplens(tmp_path)
    for path in list(tmp_path.glob('u.*')):
        (tmp_path / f'{path.name}.gz').write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert data.movielens(tmp_path).train.size == 48
    cut = tmp_path / 'u.item.gz'
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r'u.item.gz, after line'):
        data.movielens(tmp_path)


def without_header(text):
    return text.split('\n', 1)[1]


@pytest.mark.parametrize(
    ('layout', 'changes', 'message'),
    [
        (recbole, {'inter': lambda text: ''}, 'ml-100k.inter should hold rows'),
        (recbole, {'inter': without_header}, r'ml-100k.inter should have the columns'),
        (
            recbole,
            {'user': lambda text: text.replace('age', 'old')},
            r"user should have the columns \['age'\]",
        ),
        (
            recbole,
            {'item': lambda text: text.split('\n')[0]},
            'ml-100k.item should hold rows below its header',
        ),
        (
            recbole,
            {'item': lambda text: text[:-40]},
            'line 6: .* 4 fields.*Found 3',
        ),
        (recbole, {'item': lambda text: text.replace('Action', 'Fear')}, r"genres.*'Fear'"),
        (recbole, {'item': lambda text: text + '1\tF\t1990\tWar\n'}, '7 rows with 6 different'),
        (
            recbole,
            {'user': lambda text: text.replace('73', 'x')},
            "row 7: 'age' should be a number. Found 'x'",
        ),
        (
            recbole,
            {'inter': lambda text: text + '11\t1\t1\t1\n'},
            "row 62: the user should be listed.*Found user '11'",
        ),
        (
            recbole,
            {'inter': lambda text: text + '1\t9\t1\t1\n'},
            "row 62: the item should be listed.*Found item '9'",
        ),
        (
            recbole,
            {'inter': lambda text: text.replace('\t5\t88', '\t6\t88')},
            r'row \d+: the rating should be 1, 2',
        ),
        (
            recbole,
            {'inter': lambda text: text + '1\t1\t1\t1\n'},
            'row 62: a user should rate an item once',
        ),
        (grouplens, {'data': lambda text: ''}, 'u.data should hold rows'),
        (
            grouplens,
            {'data': lambda text: text + '1\t1\n'},
            'u.data, line 61: .* 4 fields',
        ),
        (grouplens, {'data': lambda text: text[:-5] + 'x\t1\n'}, "row 60: the rating .*Found 'x'"),
        (grouplens, {'item': lambda text: ''}, 'u.item should hold rows'),
        (
            grouplens,
            {'item': lambda text: text[:-10]},
            'line 6: .* 24 fields.*Found',
        ),
        (
            grouplens,
            {'item': lambda text: text[:-2] + '2'},
            'row 6: the 19 genres should be 0 or 1',
        ),
        (
            grouplens,
            {'user': lambda text: text + '11|1'},
            'u.user, line 11: .* 5 fields',
        ),
    ],
)
def test_files_that_are_refused(tmp_path, layout, changes, message):
    with pytest.raises(ValueError, match=message):
        data.movielens(layout(tmp_path, **changes))


@pytest.mark.parametrize(('layout', 'lost'), [(recbole, 'ml-100k.user'), (grouplens, 'u.item')])
def test_files_that_are_missing(tmp_path, layout, lost):
    layout(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(FileNotFoundError, match=rf'{lost} is missing(.|\n)*experiments.data fetch'):
        data.movielens(tmp_path)


def test_both_layouts_in_one_folder(tmp_path):
    with pytest.raises(ValueError, match=r'should hold the files of one of .*Found files of each'):
        data.movielens(grouplens(recbole(tmp_path)))


def test_quotes_are_letters(tmp_path):
    recbole(tmp_path, item=lambda text: text.replace('Film', '"Film', 1))
    assert data.movielens(tmp_path).inputs['cardinalities'][1] == 6


def test_by_default_it_is_what_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv('MTLJAX_DATA', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='data fetch movielens'):
        data.movielens()
    (tmp_path / 'movielens').mkdir()
    recbole(tmp_path / 'movielens')
    assert data.movielens().train.size == 48


def test_a_seed_that_is_refused(tmp_path):
    with pytest.raises(ValueError, match='seed should be'):
        data.movielens(recbole(tmp_path), seed=-1)
