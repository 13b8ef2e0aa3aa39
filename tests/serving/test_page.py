"""What the page of the service knows of each column."""

from mtljax.data import Column
from mtljax.data._table.number_form import PLAIN, NumberForm
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.one_hot import OneHot
from mtljax.serving._service.page import describe


def test_a_form_that_is_not_plain_is_described():
    forms = {'plain': PLAIN, 'both': NumberForm(',', '.'), 'groups': NumberForm('.', ',')}
    columns = [
        Column(name, False, (), 0.0, Numbers(0.0, 1.0, -1.0, 2000.0, form, '€'))
        for name, form in forms.items()
    ]
    rest = {'kind': 'numeric', 'low': -1.0, 'high': 2000.0, 'unit': '€'}
    assert describe(columns) == {
        'plain': rest,
        'both': rest | {'decimal': ',', 'thousands': '.'},
        'groups': rest | {'thousands': ','},
    }


def test_the_form_lists_categories_that_become_indicators():
    column = Column('colour', False, (), 0.0, OneHot(('red', 'blue')))
    assert describe([column])['colour'] == {'kind': 'one-hot', 'categories': ['red', 'blue']}
