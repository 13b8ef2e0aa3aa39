"""The command that serves a model: how it starts and how it stops."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.serving.service import address, started
from tests.serving.shop import write_model

ROWS = [{'size': 1.5, 'kind': 'b', 'colour': 'x'}] * 3


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('command') / 'model.zip')


def test_the_service_drains_when_it_is_stopped(path):
    process = started(f'--model={path}', '--port=0', '--wait=2', '--drain=0.1')
    url = address(process)
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
