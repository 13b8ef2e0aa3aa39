"""How a service joins the rows of requests, and what it refuses at once."""

import asyncio
import math
import time

import numpy as np
import pytest

from mtljax.serving import Model
from mtljax.serving._service.answering import Answering
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError


def batches(requests, limits, call=lambda x: x * 2.0):
    """Answer requests of these sizes together; return the answers and the rows of each call."""
    seen = []

    async def run():
        batcher = Batcher(call, limits, seen.append)
        running = asyncio.create_task(batcher.run())

        async def answer(rows):
            with batcher.admitted(len(rows)):
                return await batcher.answer(rows, len(rows))

        rows = [np.full(size, at) for at, size in enumerate(requests)]
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
        answering = Answering(model, Limits(seconds=0.05), Counters())
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
