"""Daily series: files, masks, splits by time, and the features of a date."""

import datetime

import numpy as np
import pytest

from mtljax import data, testing
from tests.helpers import assert_same

DAYS = np.arange('2017-01-01', '2017-03-02', dtype='datetime64[D]')  # 60 days
A = np.arange(60) + 100.0
B = np.where((np.arange(60) >= 10) & (np.arange(60) != 30), 2 * A + 0.5, np.nan)
OPTIONS = {'horizon': 10, 'fourier': 2}
ONE_DAY = datetime.timedelta(days=1)


def cell(number):
    return '' if np.isnan(number) else str(number)


def wide(folder, name='wide.csv', lines=None):
    path = folder / name
    table = [f'{day},{cell(a)},{cell(b)}' for day, a, b in zip(DAYS, A, B, strict=True)]
    path.write_text('\n'.join(lines or ['date,a,b', *table]) + '\n')
    return path


def long(folder):
    path = folder / 'long.csv'
    rows = [
        f'{day},all,{name},{number}'
        for name, column in (('a', A), ('b', B))
        for day, number in zip(DAYS, column, strict=True)
        if not np.isnan(number)
    ]
    path.write_text('\n'.join(['day,place,kind,trips', *rows[::-1]]) + '\n')
    return path


def mean_error(dataset, split, task, metric='mae', prediction=None):
    """A metric of a constant prediction, in the units of the file."""
    found = dataset.tasks[task].metrics[metric]
    batch = split.arrays
    prediction = np.zeros(split.size, np.float32) if prediction is None else prediction
    sums = found.update(prediction, batch.targets[task], batch.mask[task])
    return float(found.result(sums))


def test_a_wide_file(tmp_path):
    dataset = data.daily_series(wide(tmp_path), transform='none', **OPTIONS)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['a', 'b']
    assert [s.size for s in (dataset.train, dataset.validation, dataset.test)] == [40, 10, 10]
    train = dataset.train.arrays
    assert train.inputs.shape == (40, 4 + 6 + 7 + 11 + 1)
    mean, sd = A[:40].mean(), A[:40].std()
    np.testing.assert_allclose(train.targets['a'], (A[:40] - mean) / sd, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        dataset.test.arrays.targets['a'], (A[50:] - mean) / sd, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(train.mask['b'], ~np.isnan(B[:40]))
    known = B[:40][~np.isnan(B[:40])]
    expected = np.abs(known - known.mean()).mean()
    assert mean_error(dataset, dataset.train, 'b') == pytest.approx(expected, rel=1e-4)


def test_a_long_file_is_the_same(tmp_path):
    names = {'date': 'day', 'series': 'kind', 'value': 'trips'}
    found = data.daily_series(long(tmp_path), targets=['a', 'b'], **names, **OPTIONS)
    same = data.daily_series(wide(tmp_path), **OPTIONS)
    for split in ('train', 'validation', 'test'):
        one, other = getattr(found, split).arrays, getattr(same, split).arrays
        for task in 'ab':
            np.testing.assert_array_equal(one.targets[task], other.targets[task])
            np.testing.assert_array_equal(one.mask[task], other.mask[task])
        np.testing.assert_array_equal(one.inputs, other.inputs)
    assert list(data.daily_series(long(tmp_path), targets=['b'], **names, **OPTIONS).tasks) == ['b']


def test_logarithms_and_units(tmp_path):
    dataset = data.daily_series(wide(tmp_path), **OPTIONS)
    logs = np.log1p(A[:40])
    middle = np.expm1(logs.mean())
    held = A[50:]
    for metric, expected in (
        ('mae', np.abs(held - middle).mean()),
        ('wape', 100 * np.abs(held - middle).sum() / held.sum()),
        ('mape', 100 * np.abs(1 - middle / held).mean()),
    ):
        found = mean_error(dataset, dataset.test, 'a', metric)
        assert found == pytest.approx(expected, rel=1e-4)


def test_origin_start_and_last(tmp_path):
    path, origin = wide(tmp_path), '2017-02-10'  # day 40
    dataset = data.daily_series(
        path, origin=origin, refit=True, start={'a': '2017-01-04'}, last={'b': 12}, **OPTIONS
    )
    train = dataset.train.arrays
    assert dataset.train.size == 37  # from the fourth day to the one before the origin
    np.testing.assert_array_equal(np.flatnonzero(train.mask['b']), [25, 26, *range(28, 37)])
    assert (train.targets['b'][:25] == 0).all()
    assert train.mask['a'].all()
    last = B[[28, 29, *range(31, 40)]]
    expected = (np.log1p(B[40]) - np.log1p(last).mean()) / np.log1p(last).std()
    assert dataset.test.arrays.targets['b'][0] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(train.inputs[27:], dataset.validation.arrays.inputs)
    rehearsal = data.daily_series(path, origin=origin, last={'b': 12}, **OPTIONS)
    assert rehearsal.train.size == 30
    np.testing.assert_array_equal(
        np.flatnonzero(rehearsal.train.arrays.mask['b']), np.arange(18, 30)
    )
    np.testing.assert_array_equal(
        rehearsal.test.arrays.inputs[:, :-1], dataset.test.arrays.inputs[:, :-1]
    )


def test_days_beyond_the_file_are_refused(tmp_path):
    path = wide(tmp_path)
    with pytest.raises(ValueError, match=r'last day with data is 2017-03-01\. The latest .*02-20'):
        data.daily_series(path, origin='2017-02-21', **OPTIONS)
    with path.open('a') as file:
        file.write('2017-03-02,,\n2017-03-03,,\n')  # days without data
    with pytest.raises(ValueError, match=r'last day with data is 2017-03-01'):
        data.daily_series(path, origin='2017-02-21', **OPTIONS)
    found = data.daily_series(path, **OPTIONS)
    expected = data.daily_series(wide(tmp_path), **OPTIONS)
    assert_same(found.test.arrays, expected.test.arrays)


@pytest.mark.parametrize(
    ('days', 'said'),
    [
        (slice(50, 60), 'test split, 2017-02-20 to 2017-03-01'),
        (slice(40, 50), 'validation split, 2017-02-10 to 2017-02-19'),
    ],
)
def test_a_series_without_a_value_in_a_split(tmp_path, days, said):
    lines = wide(tmp_path).read_text().splitlines()
    kept = [line for index, line in enumerate(lines[1:]) if index not in range(60)[days]]
    gone = [f'{line.rsplit(",", 1)[0]},' for line in lines[1:][days]]
    path = wide(tmp_path, 'gap.csv', [lines[0], *kept, *gone])
    with pytest.raises(ValueError, match=f"Series 'b' should have a value in the {said}"):
        data.daily_series(path, **OPTIONS)
    assert list(data.daily_series(path, targets='a', **OPTIONS).tasks) == ['a']


@pytest.mark.parametrize(
    'day', [datetime.date.fromisoformat, datetime.datetime.fromisoformat, np.datetime64]
)
def test_dates_of_other_types(tmp_path, day):
    origin, start = day('2017-02-10'), day('2017-01-11')
    path = wide(tmp_path)
    found = data.daily_series(path, origin=origin, start={'a': start}, **OPTIONS)
    expected = data.daily_series(path, origin='2017-02-10', start={'a': '2017-01-11'}, **OPTIONS)
    assert_same(found.train.arrays, expected.train.arrays)
    assert_same(found.test.arrays, expected.test.arrays)


def test_a_year_that_is_mistyped(tmp_path):
    lines = wide(tmp_path).read_text().replace('2017-01-20', '3017-01-20').splitlines()
    with pytest.raises(
        ValueError,
        match=r'60 of 36\d{4} days.*no day between 2017-03-01 and 3017-01-20.*mistyped',
    ):
        data.daily_series(wide(tmp_path, 'typo.csv', lines), **OPTIONS)


def test_errors_of_a_series_far_from_0(tmp_path):
    """Its mean is 10,000,000 times its scale: in float32 the units would swallow the errors."""
    lines = [f'{day},{1e7 + index / 60:.6f}' for index, day in enumerate(DAYS)]
    path = wide(tmp_path, 'far.csv', ['date,a', *lines])
    dataset = data.daily_series(path, transform='none', **OPTIONS)
    predicted = dataset.test.arrays.targets['a'] + np.float32(0.1)
    expected = 0.1 * np.std(np.arange(40) / 60)
    found = mean_error(dataset, dataset.test, 'a', 'mae', predicted)
    assert found == pytest.approx(expected, rel=0.1)
    middle = 100 * np.mean((np.arange(50, 60) - 19.5) / 60) / 1e7  # of the mean of training
    assert mean_error(dataset, dataset.test, 'a', 'wape') == pytest.approx(middle, abs=1e-5)


def test_what_spreadsheets_write(tmp_path):
    path = wide(tmp_path)
    expected = data.daily_series(path, **OPTIONS)
    path.write_text('\ufeff' + path.read_text(), encoding='utf-8')
    assert_same(data.daily_series(path, **OPTIONS).train.arrays, expected.train.arrays)


def test_the_generated_pair():
    dataset, again = data.daily_series(), data.daily_series()
    other = data.daily_series(seed=1)
    train = dataset.train.arrays
    np.testing.assert_array_equal(train.targets['a'], again.train.arrays.targets['a'])
    assert (train.targets['a'] != other.train.arrays.targets['a']).any()
    np.testing.assert_array_equal(
        np.flatnonzero(train.mask['b']), dataset.train.size - 92 + np.arange(92)
    )
    assert dataset.test.arrays.mask['b'].all()
    # Least squares on the days' features finds a to the noise, which is 3 percent.
    weights, *_ = np.linalg.lstsq(train.inputs, train.targets['a'], rcond=None)
    predicted = dataset.test.arrays.inputs @ weights
    assert mean_error(dataset, dataset.test, 'a', 'mape', predicted) < 4
    mean = np.full(90, train.targets['a'].mean())
    assert mean_error(dataset, dataset.test, 'a', 'mape', mean) > 6


def test_origins():
    assert data.rolling_origins('2016-01-01', '2017-12-31') == [
        str(np.datetime64('2016-01-01') + np.timedelta64(90 * index, 'D')) for index in range(8)
    ]
    with pytest.raises(ValueError, match='90 days should fit'):
        data.rolling_origins('2017-01-01', '2017-03-30')
    assert data.rolling_origins('2017-01-01', '2017-03-31') == ['2017-01-01']


def test_holidays_of_a_year():
    days = np.arange('2016-01-01', '2017-01-01', dtype='datetime64[D]')
    features = data.calendar_features(days, first='2016-01-01', fourier=0, trend=False)
    found = [str(day)[5:] for day in days[features[:, -11:].any(1)]]
    assert found == [
        '01-01', '01-18', '02-15', '05-30', '07-04', '09-05', '10-10', '11-11', '11-24', '12-25',
    ]  # fmt: skip
    np.testing.assert_array_equal(features[:, 6:13].argmax(1), (np.arange(366) + 4) % 7)
    later = data.calendar_features(['2021-06-19'], first='2016-01-01', fourier=0, trend=False)
    assert later[0, -7] == 1


def test_waves_repeat():
    days = np.array(['2016-01-01', '2016-01-08', '2020-01-01'], 'datetime64[D]')
    features = data.calendar_features(days, first='2015-01-01', fourier=3, holidays=False)
    np.testing.assert_allclose(features[0, 6:19], features[1, 6:19], atol=1e-4)
    np.testing.assert_allclose(features[0, :6], features[2, :6], atol=1e-4)
    np.testing.assert_allclose(features[:, -1], [365 / 365.25, 372 / 365.25, 5], rtol=1e-3)


@pytest.mark.parametrize(
    ('lines', 'message'),
    [
        ([''], 'should hold rows of text'),
        (['date,a,b'], 'should hold days below its header'),
        (['date,a,b', '2017-01-01,1,2', '2017-01-02,3'], 'line 3: .*Found 2'),
        (['date,a,b', '2017-01-01,1,x'], "row 2: 'b' should be a number. Found 'x'"),
        (['date,a,b', '2017-01-01,1,inf'], "row 2: 'b' should be a number. Found 'inf'"),
        (['date,a,b', '2017-01-01,1,1_000'], "row 2: 'b' should be a number. Found '1_000'"),
        (['date,a', *(f'{day},7' for day in DAYS[:9])], "Column 'a' should vary in the training"),
        (['date,a', '2017-01-01,'], r"series \['a'\] should hold values"),
        (['date,a', '2017-01-01,"1', '2017-01-02,2'], 'from line 2 on: unexpected end of data'),
        (['date,a,b', '01/31/2017,1,2'], "row 2: the date should be ISO.*Found '01/31/2017'"),
        (['date,a,b', '20170131,1,2'], 'row 2: the date should be ISO'),
        (['date,a,b', '2017-02-30,1,2'], 'row 2: the date should be ISO'),
        (['day,a,b', '2017-01-01,1,2'], r"should have the columns \['date'\].*'day'"),
        (['date,series,y', '2017-01-01,a,2'], r"should have the columns \['value'\]"),
        (['date,a,a', '2017-01-01,1,2'], 'different names'),
        (['date', '2017-01-01'], "should hold series besides 'date'"),
        (['date,a', '2017-01-01,1', '2017-01-02,1', '2017-01-01,1'], "row 4: 'a' should .* once"),
        (['date,a', '2017-01-01,-1', '2017-01-02,1', '2017-01-03,1'], "'a' should hold .* >= 0"),
    ],
)
def test_files_that_are_refused(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        data.daily_series(wide(tmp_path, 'bad.csv', lines), horizon=1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'horizon': 0}, 'horizon should be'),
        ({'transform': 'sqrt'}, "transform should be one of.*'sqrt'"),
        ({'targets': ['c']}, r"targets should name series, \['a', 'b'\]. Found \['c'\]"),
        ({'targets': ['a', 'a']}, r"once each. Found twice: \['a'\]"),
        ({'targets': []}, 'targets should name series'),
        ({'origin': 20170101}, 'origin should be an ISO date'),
        ({'origin': np.datetime64('NaT', 'D')}, 'origin should be an ISO date'),
        ({'start': {'c': '2017-01-01'}}, r"start should name series.*\['c'\]"),
        ({'start': {'a': 'soon'}}, "start should be an ISO date.*'soon'"),
        ({'origin': '2017-13-01'}, 'origin should be an ISO date'),
        ({'last': {'b': 0}}, r"last\['b'\] should be a whole number >= 1"),
        ({'origin': '2017-01-15'}, "'b' should have a value before 2017-01-05"),
        ({'origin': '2018-01-15'}, '10 days from the origin .*2018-01-15'),
        ({'fourier': -1}, 'fourier should be'),
    ],
)
def test_options_that_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        data.daily_series(wide(tmp_path), **(OPTIONS | options))


@pytest.mark.parametrize('targets', [['b', 'c'], []])
def test_series_of_the_pair_that_are_refused(targets):
    with pytest.raises(ValueError, match='targets'):
        data.daily_series(targets=targets)
    assert list(data.daily_series(targets='b').tasks) == ['b']


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match=r'should be a file\. Found a folder'):
        data.daily_series(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'none.csv is missing(.|\n)*a wide .csv'):
        data.daily_series(tmp_path / 'none.csv')
