"""The fuzzer of the service: what it sends, and what it counts as a finding."""

import asyncio
import random

import pytest

from experiments.fuzz.service.client import ask
from experiments.fuzz.service.good import Good
from experiments.fuzz.service.load import cases
from experiments.fuzz.service.model import Known
from experiments.fuzz.service.plan import Plan
from experiments.fuzz.service.tally import Tally
from tests.experiments.programs import start

KNOWN = [Known({'rooms': 1, 'kind': 'a', 'city': None, 'day': None}, {'price': 2.5, 'sold': 0.25})]


def test_every_case_makes_requests():
    for name, (case, _) in cases(Good(KNOWN)).items():
        plan = case(random.Random(0))
        assert all(isinstance(part, bytes) for part in plan.parts), name
        assert case.__doc__
        assert (
            any(b' HTTP/' in part or b'\x16\x03' in part for part in plan.parts) or 'head' in name
        )


ANSWER = b'HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s'
RIGHT = b'{"predictions": [{"price": 2.5, "sold": 0.25}]}'


@pytest.mark.parametrize(
    ('answer', 'statuses', 'wrong'),
    [
        (ANSWER % (200, len(RIGHT), RIGHT), [200], ''),
        (ANSWER % (503, 0, b''), [503], ''),
        (ANSWER % (500, 0, b''), [500], 'status 500'),
        (ANSWER % (422, 0, b''), [422], 'status 422 in place of'),
        (ANSWER % (200, 2, b'{}'), [200], 'another answer'),
        (ANSWER % (200, len(RIGHT), RIGHT.replace(b'0.25', b'0.26')), [200], 'another answer'),
        (ANSWER % (200, 99, RIGHT), [], 'no answer'),
        (b'', [], 'no answer'),
        (b'nothing\r\n\r\n', [], 'no answer of HTTP'),
    ],
)
def test_what_is_a_finding(answer, statuses, wrong):
    plan = Good(KNOWN).json(random.Random(3))._replace(wait=2)
    while plan.parts[0].count(b'rooms') > 1:
        plan = Good(KNOWN).json(random.Random())._replace(wait=2)

    async def answering(reader, writer):
        await reader.readuntil(b'\r\n\r\n')
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def run():
        async with await asyncio.start_server(answering, '127.0.0.1', 0) as server:
            return await ask(server.sockets[0].getsockname()[1], plan)

    found, said = asyncio.run(run())
    assert found == statuses
    assert said.startswith(wrong)
    assert bool(said) == bool(wrong)


def test_findings_are_counted():
    tally = Tally()
    tally.add('good', Plan([b'GET']), [200, 200], '')
    tally.add('bad', Plan([b'POST']), [], 'status 500')
    assert [line.split() for line in tally.lines()] == [
        ['bad', '1', '1', 'x', 'left'],
        ['good', '2', '2', 'x', '200'],
    ]
    assert tally.findings == ["bad: status 500\n    b'POST'"]


@pytest.mark.exhaustive
def test_a_short_run_finds_nothing():
    done = start('fuzz.service', '--seconds=5', '--seed=0')
    assert done.returncode == 0, done.stdout
    assert '0 findings' in done.stdout
    assert 'stopped under load' in done.stdout
