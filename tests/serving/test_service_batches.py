"""How a service joins the rows of requests, and what it refuses at once."""

import asyncio
import math
import time

import chex
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtljax.serving import Model
from mtljax.serving._service.answering import Answering
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.table import Table
from tests.serving.shop import SCHEMA

CELLS = st.sampled_from([None, 0, 3, -2.5, 1e30, True, 2**60, '3', ' 1.5', '', 'NA', 'a', 'x', '€'])
ROWS = st.tuples(*[CELLS] * len(SCHEMA.inputs))


def positive(parts):
    """Encode rows of several requests; refuse those below 0."""
    rows = np.concatenate(parts)
    if (rows < 0).any():
        raise RefusedError(422, f'Row {(rows < 0).argmax()} is negative.')
    return rows


def batches(requests, limits, call=lambda x: x * 2.0, encoded=False):
    """Answer requests together; return the answers and the rows of each call.

    A request is its number of rows, each of which holds the index of the request; or its rows.
    """
    seen = []

    async def run():
        batcher = Batcher(call, positive, limits, seen.append)
        running = asyncio.create_task(batcher.run())

        async def answer(rows):
            with batcher.admitted(len(rows)):
                return await batcher.answer(rows, len(rows), encoded)

        rows = [np.full(n, at) if isinstance(n, int) else n for at, n in enumerate(requests)]
        found = await asyncio.gather(*map(answer, rows), return_exceptions=True)
        running.cancel()
        assert batcher.waiting == 0
        return found

    return asyncio.run(run()), seen


def test_rows_of_several_requests_share_a_batch():
    requests = [1, 3, 2, 1]
    found, seen = batches(requests, Limits(sizes=(1, 8), wait=0.05))
    assert seen == [7]
    for at, (size, answer) in enumerate(zip(requests, found, strict=True)):
        assert answer.tolist() == [2 * at] * size
    _, seen = batches([5, 5, 5], Limits(sizes=(1, 8), wait=0.05))
    assert seen == [10, 5]


def test_a_bad_row_spoils_no_other_request():
    requests = [np.array([1.0]), np.array([2.0, -1.0]), np.array([3.0, 4.0])]
    found, seen = batches(requests, Limits(sizes=(8,), wait=0.05))
    assert [found[0].tolist(), found[2].tolist()] == [[2.0], [6.0, 8.0]]
    assert isinstance(found[1], RefusedError)
    assert 'Row 1 ' in str(found[1])
    assert seen == [3]
    found, seen = batches([np.array([-1.0])], Limits(sizes=(8,), wait=0.05))
    assert isinstance(found[0], RefusedError)
    assert seen == []


def test_rows_that_are_encoded_are_not_encoded_again():
    requests = [np.array([-1.0]), np.array([-2.0, 3.0])]
    found, _ = batches(requests, Limits(sizes=(8,), wait=0.05), encoded=True)
    assert [answer.tolist() for answer in found] == [[-2.0], [-4.0, 6.0]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(ROWS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_rows_are_encoded_together_as_they_are_alone(requests):
    table = Table(SCHEMA)
    parts = [
        {name: [row[at] for row in rows] for at, name in enumerate(table.columns)}
        for rows in requests
    ]
    alone, refused = [], False
    for part in parts:
        try:
            alone.append(table.encode([part]))
        except RefusedError:
            refused = True
    if refused:
        with pytest.raises(RefusedError):
            table.encode(parts)
    else:
        whole = jax.tree.map(lambda *leaves: np.concatenate(leaves), *alone)
        chex.assert_trees_all_equal(table.encode(parts), whole)


def test_too_many_rows_are_refused_at_once():
    found, _ = batches([4, 4, 4], Limits(queue=9))
    refused = [answer for answer in found if isinstance(answer, RefusedError)]
    assert [error.status for error in refused] == [503]


def test_a_slow_answer_is_refused():
    def slow(x):
        time.sleep(0.2)
        return x

    async def ask():
        model = Model({'tasks': {}}, None, {}, None)
        vars(model)['call'] = slow
        answering = Answering(model, positive, Limits(seconds=0.05), Counters())
        running = asyncio.create_task(answering.run())
        with pytest.raises(RefusedError) as refused:
            await answering.answer(1, lambda: np.ones(1), bool)
        running.cancel()
        return refused.value.status, answering.waiting

    assert asyncio.run(ask()) == (503, 0)


def test_an_error_of_the_program_reaches_every_request():
    def broken(x):
        raise ArithmeticError('broken')

    found, _ = batches([1, 1], Limits(wait=0.05), broken)
    assert [type(error) for error in found] == [ArithmeticError] * 2


@pytest.mark.parametrize(
    ('field', 'value'),
    [('body', 0), ('rows', 2.5), ('queue', -1), ('seconds', math.nan), ('wait', 0), ('sizes', ())],
)
def test_limits_are_checked(field, value):
    with pytest.raises(ValueError, match=field):
        Limits(**{field: value}).check()
