"""Answers for a table, without a program: what is said about it."""

import dataclasses

import numpy as np
import pandas
import pytest

from experiments.predict import table
from experiments.predict.report import Counts, report
from experiments.predict.request import Request
from experiments.program import UsageError
from mtljax.data import Encoded
from tests.serving import shop

TEXT = 'size,kind,colour,price,sold,style\n1.5,a,x,1000,0,u\n2.5,b,y,1001,1,v\n'


@pytest.fixture
def answer(tmp_path):
    """A function that answers for a file, with a run that may have been trained on it."""

    def answer(path, *, own=False, keep=()):
        request = Request('', str(path), str(tmp_path / 'out.csv'), (), keep, None, None, 2)
        config = {'data': {'path': str(path) if own else 'gone.csv'}}
        return table.answer(dataclasses.replace(shop.run(), config=config), request)

    return answer


def test_metrics_of_the_table_of_the_training_are_no_test_results(answer, tmp_path):
    path = tmp_path / 'shop.csv'
    path.write_text(TEXT)
    first, said, *metrics = answer(path, own=True).splitlines()
    assert said.startswith('The run was trained on rows of this table')
    assert answer(path).splitlines() == [first, *metrics]
    assert [line.split(':')[0] for line in metrics] == ['price', 'sold', 'style']
    path.write_text('size,kind,colour\n1.5,a,x\n')
    assert answer(path, own=True).splitlines() == [first.replace('2', '1', 1)]


def test_a_name_that_may_be_meant(answer, tmp_path):
    path = tmp_path / 'shop.csv'
    path.write_text(TEXT)
    with pytest.raises(UsageError, match=r"Found \['Kind'\]. Did you mean 'kind'\?"):
        answer(path, keep=('Kind',))


def test_an_error_says_how_rows_are_counted(answer, tmp_path):
    path = tmp_path / 'shop.csv'
    path.write_text(TEXT.replace('2.5', 'big'))
    with pytest.raises(UsageError, match=r"shop.csv: Column 'size', row 3: .* Row 1 is the header"):
        answer(path)
    path = tmp_path / 'shop.parquet'
    cells = {'size': ['1.5', 'big'], 'kind': ['a', 'b'], 'colour': ['x', 'y']}
    pandas.DataFrame(cells).to_parquet(path)
    with pytest.raises(UsageError, match="Column 'size', row 2: ") as error:
        answer(path)
    assert 'header' not in str(error.value)


def test_a_number_that_is_too_large_has_a_row(answer, tmp_path):
    path = tmp_path / 'shop.csv'
    path.write_text(TEXT.replace('2.5', '1e300'))
    with pytest.raises(UsageError, match=r"'size', row 3: the cell should fit float32. Found '1e3"):
        answer(path)


def test_answers_that_are_not_finite_are_counted():
    counts, encoded = Counts(), Encoded({}, {}, {}, ())
    odds = np.float32([[0.5, 0.5], [np.nan, 0.5], [np.inf, np.nan]])
    found = {'price': {'value': np.float32([1, 2, 3])}, 'style': {'class': [0, 1, 1], 'odds': odds}}
    counts.add(3, encoded, found)
    counts.add(3, encoded, found)
    (line,) = (line for line in report(counts, {}, 'out.csv').splitlines() if 'not finite' in line)
    assert line.startswith('answers that are not finite: style 4. ')
