"""The service: what it answers, what it refuses, and how it joins requests."""

import asyncio
import json
import math
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from mtljax import serving
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError
from tests.serving.shop import SCHEMA, write_model

LIMITS = Limits(body=20_000, rows=50, sizes=(1, 8))
ROWS = [
    {'size': 1.5, 'kind': 'b', 'colour': 'x'},
    {'size': None, 'kind': 'new', 'colour': 'y', 'note': 'ignored'},
    {'size': '3', 'kind': None, 'colour': 'x'},
]
CSV = 'kind,size,colour\nb,1.5,x\nnew,,y\n,3,x\n'


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('service') / 'model.zip')


@pytest.fixture(scope='module')
def model(path):
    return serving.load(path)


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def started(*flags):
    return subprocess.Popen(
        [sys.executable, '-m', 'mtljax.serving', *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(port):
    """Wait until a service listens; return its address."""
    url = f'http://127.0.0.1:{port}'
    for _ in range(400):
        try:
            httpx.get(f'{url}/health')
            break
        except httpx.TransportError:
            time.sleep(0.1)
    return url


@pytest.fixture(scope='module')
def client(path):
    port = free_port()
    sizes = (f'--size={size}' for size in LIMITS.sizes)
    limits = (f'--max_body={LIMITS.body}', f'--max_rows={LIMITS.rows}', *sizes)
    process = started(f'--model={path}', f'--port={port}', *limits)
    with httpx.Client(base_url=wait_for(port), timeout=60) as client:
        yield client
    process.terminate()
    assert 'Traceback' not in process.communicate(timeout=60)[1]


def answers_of(model, rows, tasks=()):
    table = {name: [row[name] for row in rows] for name in ('size', 'kind', 'colour')}
    inputs = SCHEMA.encode(table).inputs
    found = model.answer(inputs, LIMITS.sizes)
    return model.rows({name: found[name] for name in tasks or model.tasks})


def test_rows_are_answered_in_order(client, model):
    right = answers_of(model, ROWS)
    for body in (ROWS, {'rows': ROWS}):
        done = client.post('/predict', json=body)
        assert done.status_code == 200
        assert done.json() == {'predictions': right}
    done = client.post('/predict', content=CSV, headers={'content-type': 'text/csv; charset=utf-8'})
    assert done.json() == {'predictions': right}
    assert list(right[0]) == ['price', 'sold', 'style']
    done = client.post('/predict', json={'rows': ROWS, 'tasks': ['style', 'price']})
    assert done.json() == {'predictions': answers_of(model, ROWS, ['style', 'price'])}


def test_a_large_request_is_answered_in_parts(client, model):
    rows = (ROWS * 20)[:50]
    assert client.post('/predict', json=rows).json() == {'predictions': answers_of(model, rows)}


@pytest.mark.parametrize(
    ('body', 'status', 'said'),
    [
        (b'{', 400, 'should be JSON'),
        (b'[{"size": NaN}]', 400, 'NaN is no JSON'),
        (b'\xff\xfe', 400, 'should be JSON'),
        (b'[' * 9000, 400, 'should be JSON'),
        (b'3', 422, 'a list of rows, or an object'),
        (b'{"row": []}', 422, 'a list of rows, or an object'),
        (b'[]', 422, 'There should be a row'),
        (b'[3]', 422, 'a list of objects'),
        (b'{"rows": [{}], "tasks": "price"}', 422, 'a list of names'),
        (b'[{"size": 1, "kind": "b"}]', 422, "Column 'colour', row 1: The column is missing"),
        (json.dumps([*ROWS, {'size': 1}]).encode(), 422, "Column 'kind', row 4"),
        (json.dumps(ROWS * 17).encode(), 413, 'at most 50 rows'),
        (b' ' * 20_001, 413, 'at most 20,000 bytes'),
        (json.dumps({'rows': ROWS, 'tasks': ['cost']}).encode(), 422, 'should be some of'),
        (b'[{"size": "big", "kind": "b", "colour": "x"}]', 422, "Column 'size', row 1"),
        (b'[{"size": 1e999, "kind": "b", "colour": "x"}]', 422, "Column 'size', row 1"),
        (b'[{"size": 1e300, "kind": "b", "colour": "x"}]', 422, "Column 'size'"),
        (b'[{"size": [], "kind": "b", "colour": "x"}]', 422, 'a text, a number, a boolean'),
        (b'[{"size": 1, "kind": {"a": 1}, "colour": "x"}]', 422, "Column 'kind', row 1"),
    ],
)
def test_bad_json_is_refused(client, body, status, said):
    done = client.post('/predict', content=body, headers={'content-type': 'application/json'})
    assert done.status_code == status, done.text
    assert said in done.json()['error']
    assert len(done.text) < 1000


@pytest.mark.parametrize(
    ('body', 'status', 'said'),
    [
        ('', 400, 'should be CSV'),
        ('a,"b', 400, 'should be CSV'),
        ('size,kind,colour\n', 422, 'There should be a row'),
        ('size,kind,colour\n1,b\n', 422, 'Row 1 should have 3 fields'),
        ('size,size,colour\n1,b,x\n', 422, 'different names'),
        ('size,kind\n1,b\n', 422, "Column 'colour', row 1"),
        ('size,kind,colour\n1,b,x\nmany,b,x\n', 422, "Column 'size', row 2"),
    ],
)
def test_bad_csv_is_refused(client, body, status, said):
    done = client.post('/predict', content=body, headers={'content-type': 'text/csv'})
    assert done.status_code == status
    assert said in done.json()['error']


def test_a_refusal_names_the_cell(client):
    rows = [ROWS[0], {**ROWS[0], 'size': 'big'}]
    content = client.post('/predict', json=rows).json()
    assert (content['column'], content['row']) == ('size', 2)


def test_paths_and_methods(client, model):
    assert client.get('/health').json() == {'ready': True}
    manifest = client.get('/model').json()
    assert manifest['tasks'] == model.manifest['tasks']
    assert manifest['columns'] == {
        'size': 'numeric',
        'kind': 'categorical',
        'colour': 'categorical',
    }
    assert client.get('/nothing').status_code == 404
    assert client.get('/predict').status_code == 405
    assert client.post('/predict', content='x', headers={'content-type': 'a/b'}).status_code == 415


def test_counters(client):
    before = client.get('/metrics').text
    client.post('/predict', json=ROWS)
    client.post('/predict', content='{')
    after = client.get('/metrics').text

    def count(text, name):
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(name))

    assert count(after, 'mtljax_rows_total') - count(before, 'mtljax_rows_total') == 3
    unknown = 'mtljax_unknown_columns_total'
    assert count(after, unknown) - count(before, unknown) == 1
    refused = 'mtljax_requests_total{path="/predict",status="415"}'
    assert count(after, refused) - count(before, refused) == 1


def batches(requests, limits, call=lambda x: x * 2.0):
    """Answer requests of these sizes together; return the answers and the rows of each call."""
    seen = []

    async def run():
        batcher = Batcher(call, limits, seen.append)
        running = asyncio.create_task(batcher.run())
        rows = [np.full(size, at) for at, size in enumerate(requests)]
        found = await asyncio.gather(
            *(batcher.answer(row, len(row)) for row in rows), return_exceptions=True
        )
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

    found, _ = batches([1], Limits(seconds=0.05), slow)
    assert found[0].status == 503


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


def test_the_service_drains_when_it_is_stopped(path, model):
    port = free_port()
    process = started(f'--model={path}', f'--port={port}', '--wait=2')
    line = process.stdout.readline()
    assert f'http://127.0.0.1:{port}' in line, process.communicate(timeout=60)
    url = wait_for(port)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(httpx.post, f'{url}/predict', json=ROWS) for _ in range(8)]
        while 'mtljax_waiting_rows 24.0' not in httpx.get(f'{url}/metrics').text:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        found = [each.result() for each in waiting]
    assert [each.status_code for each in found] == [200] * 8
    assert all(each.json() == found[0].json() for each in found)
    assert len(found[0].json()['predictions']) == 3
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert 'Traceback' not in said


@pytest.mark.parametrize(
    ('flags', 'said'),
    [
        ((), '--model=model.zip is expected'),
        (('--model=none.zip',), 'none.zip'),
        (('--model={path}', '--max_rows=0'), 'rows should be a whole number'),
        (('--model={path}', '--port={taken}'), 'Choose another --port'),
    ],
)
def test_what_the_command_refuses(path, flags, said):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = started(*(flag.format(path=path, taken=port) for flag in flags))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in errors.splitlines()[-1]
    assert 'Traceback' not in errors
