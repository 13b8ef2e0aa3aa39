"""The command that serves a model: how it starts and how it stops."""

import contextlib
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.serving.service import address, served, started
from tests.serving.shop import write_model

ROWS = [{'size': 1.5, 'kind': 'b', 'colour': 'x'}] * 3


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('command') / 'model.zip')


def test_the_service_drains_when_it_is_stopped(path):
    process = started(f'--model={path}', '--port=0', '--wait=2', '--drain=1')
    url = address(process)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(httpx.post, f'{url}/predict', json=ROWS) for _ in range(8)]
        while 'mtljax_waiting_rows 24.0' not in httpx.get(f'{url}/metrics').text:
            time.sleep(0.02)
        assert httpx.get(f'{url}/v2/health/ready').status_code == 200
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        ready = httpx.get(f'{url}/v2/health/ready')
        assert (ready.status_code, ready.headers['connection']) == (503, 'close')
        assert httpx.get(f'{url}/v2/health/live').status_code == 200
        found = [each.result() for each in waiting]
    assert [each.status_code for each in found] == [200] * 8
    assert all(each.json() == found[0].json() for each in found)
    assert len(found[0].json()['predictions']) == 3
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == ''
    counts = re.search(r'(\d+) requests were accepted, and (\d+) answered', said)
    assert counts[1] == counts[2]


def test_an_overload_is_answered_at_once(path):
    flags = '--wait=1', '--max_rows=3', '--max_queue=3', '--max_connections=9', '--size=8'
    with served(path, *flags) as url, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(httpx.post, f'{url}/predict', json=ROWS)
        while 'mtljax_waiting_rows 3.0' not in httpx.get(f'{url}/metrics').text:
            time.sleep(0.02)
        start = time.monotonic()
        refused = httpx.post(f'{url}/predict', json=ROWS)
        assert time.monotonic() - start < 0.5
        assert (refused.status_code, 'Too many rows' in refused.text) == (503, True)
        assert waiting.result().status_code == 200
        with contextlib.ExitStack() as idle:
            address = httpx.URL(url)
            for _ in range(9):
                idle.enter_context(socket.create_connection((address.host, address.port)))
            assert httpx.get(f'{url}/health').status_code == 503
        time.sleep(0.3)
        assert httpx.get(f'{url}/health').status_code == 200


def numbers(row):
    return [row['price'], row['sold'], *row['style']['probabilities'].values()]


def test_a_bad_row_does_not_spoil_the_batch_of_others(path):
    bad = [[{**ROWS[0], 'size': size}] for size in ('big', 1e300, [], {})]
    with served(path, '--wait=1', '--size=8', '--size=64') as url:
        (alone,) = httpx.post(f'{url}/predict', json=ROWS[:1]).json()['predictions']
        with ThreadPoolExecutor(12) as threads:
            bodies = [*bad, *[ROWS] * 8]
            found = list(threads.map(lambda body: httpx.post(f'{url}/predict', json=body), bodies))
        assert [each.status_code for each in found] == [422] * 4 + [200] * 8
        right = pytest.approx(numbers(alone), rel=1e-5)
        for each in found[4:]:
            assert [numbers(row) for row in each.json()['predictions']] == [right] * 3
        found = httpx.get(f'{url}/metrics').text
    (calls,) = re.findall(r'mtljax_batch_rows_count (\d+)', found)
    assert int(calls) <= 5  # rows of several requests met in one call


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
