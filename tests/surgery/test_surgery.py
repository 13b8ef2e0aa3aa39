"""Every surgery passes `testing.check_surgery`; a new method is one row of METHODS.

The checks of one method follow one another, since they share compiled programs.
"""

import pytest

from mtljax.testing._surgery_checks import SURGERY_CHECKS
from tests.surgery.surgeries import KINDS, METHODS

RARE = (  # for most methods: they are slow, and follow from the type and the oracles of a method
    'neither_jit_nor_the_engine_changes_the_update',
    'inactive_tasks_of_a_jacobian_do_not_count',
    'bfloat16_is_near_float32',
    'one_task_is_plain_descent',
    'one_active_task_counts_alone',
    'equal_gradients_show_the_scale',
)


def marks_of(name, check):
    variant = ' ' in name  # of a method with a row of its own
    rare = check.__name__ in RARE and name not in KINDS
    return [pytest.mark.exhaustive] if variant or rare else []


CASES = [
    pytest.param(case, check, id=f'{name}-{check.__name__}', marks=marks_of(name, check))
    for name, case in METHODS.items()
    for check in SURGERY_CHECKS
]


@pytest.mark.parametrize(('case', 'check'), CASES)
def test_it_keeps_the_rule(case, check):
    check(case)
