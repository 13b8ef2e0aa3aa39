"""Generated data sets keep the rules of all data sets."""

import pytest

from mtljax import data, testing

SIZES = {'train': 24, 'validation': 8, 'test': 8}


@pytest.mark.parametrize('loader', [data.digits, data.mmoe_synthetic, data.scenes])
def test_rules(loader):
    testing.check_data(loader(**SIZES))


def test_rules_of_the_log():
    testing.check_data(data.ranking_log(train=400, validation=100, test=100))
