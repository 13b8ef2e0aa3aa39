"""The service: what it answers, and what it refuses."""

import contextlib
import json
import re
import socket
import time

import httpx
import pytest

from mtljax import serving
from mtljax.serving._service.content import json_bytes
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.parse import parse
from mtljax.serving._service.refusal import RefusedError
from tests.serving.service import served
from tests.serving.shop import SCHEMA, run, write_model

LIMITS = Limits(body=20_000, rows=50, sizes=(1, 8), seconds=3)
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


@pytest.fixture(scope='module')
def client(path):
    sizes = (f'--size={size}' for size in LIMITS.sizes)
    flags = f'--max_body={LIMITS.body}', f'--max_rows={LIMITS.rows}', f'--timeout={LIMITS.seconds}'
    with served(path, *flags, *sizes) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


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


@pytest.mark.parametrize('count', [1, 3, 8])
def test_answers_are_those_of_predict_to_the_bit(client, model, count):
    rows = (ROWS * 3)[:count]
    table = {name: [row[name] for row in rows] for name in ('size', 'kind', 'colour')}
    found = run().answer(SCHEMA.encode(table).inputs, sizes=LIMITS.sizes)
    assert client.post('/predict', json=rows).json() == {'predictions': model.rows(found)}


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
        (b'[{"size": 1, "size": 2}]', 400, 'two values have one name'),
        (b'[{"size": "\\ud800", "kind": "b", "colour": "x"}]', 422, "Column 'size', row 1"),
        (b'[{"size": 1' + b'0' * 5000 + b'}]', 400, 'should be JSON'),
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
        'size': {'kind': 'numeric', 'low': 0.0, 'high': 4.0, 'unit': ''},
        'kind': {'kind': 'categorical', 'categories': ['a', 'b', 'c']},
        'colour': {'kind': 'categorical', 'categories': ['x', 'y']},
    }
    assert client.get('/nothing').status_code == 404
    assert client.post('/predict/', json=ROWS).status_code == 404
    assert client.get('/predict').status_code == 405
    assert client.post('/predict', content='x', headers={'content-type': 'a/b'}).status_code == 415


def test_texts_are_readable_in_answers():
    assert json_bytes({'Größe': 'ä'}) == '{"Größe":"ä"}'.encode()
    assert json.loads(json_bytes(['ä\ud800'])) == ['ä\ud800']


def test_counters(client):
    before = client.get('/metrics').text
    client.post('/predict', json=ROWS)
    client.post('/predict', content='{')
    after = client.get('/metrics').text

    def count(text, name):
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(name))

    assert count(after, 'mtljax_rows_total') - count(before, 'mtljax_rows_total') == 3
    for unknown in ('mtljax_unknown_columns_total', 'mtljax_unknown_categories_total'):
        assert count(after, unknown) - count(before, unknown) == 1
    refused = 'mtljax_requests_total{path="/predict",status="415"}'
    assert count(after, refused) - count(before, refused) == 1


def test_columns_of_single_rows_are_counted_and_make_no_table():
    rows = [{**ROWS[0], **{f'{at}-{n}': 0 for n in range(50)}} for at in range(1000)]
    asked = parse(json.dumps(rows).encode(), 'application/json', ['size', 'kind'], Limits())
    assert {name: len(cells) for name, cells in asked.table.items()} == {'size': 1000, 'kind': 1000}
    assert len(asked.others) == 50_001


@pytest.mark.parametrize(
    ('body', 'kind', 'status'),
    [
        (b'[' + b'[],' * 1_000_000 + b'1]', 'application/json', 413),
        (b'[' + b'{},' * 1_000_000 + b'1]', 'application/json', 413),
        (b'[' + b'{"a":1},' * 1_000_000 + b'1]', 'application/json', 413),
        (b',' * 100_000, 'text/csv', 400),
        (b'a\n' * 20_000, 'text/csv', 413),
        (b'a' + b'\n' * 1_000_000, 'text/csv', 422),
    ],
)
def test_bodies_that_would_fill_the_memory_are_refused(body, kind, status):
    with pytest.raises(RefusedError) as refused:
        parse(body, kind, ['size'], Limits())
    assert refused.value.status == status


def test_a_compressed_body_is_refused(client):
    done = client.post('/predict', content=b'x', headers={'content-encoding': 'gzip'})
    assert done.status_code == 415
    assert 'not be compressed' in done.json()['error']


def test_a_body_that_does_not_arrive_is_refused(client):
    url = client.base_url
    with socket.create_connection((url.host, url.port), timeout=30) as slow:
        slow.sendall(b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n[')
        slow.sendall(b'{')
        assert slow.recv(100).startswith(b'HTTP/1.1 400')
    assert client.post('/predict', json=ROWS).status_code == 200


def received(connection):
    """All that a server sends until it ends the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b''.join(parts)


@pytest.mark.parametrize(
    'start',
    [b'GET /health HTTP/1.1\r\nHost: a\r\nLong: ', b'GET /health?', b'GET /health HTTP/1.1\r\n'],
)
def test_too_long_headers_end_the_connection(client, start):
    more = b'A: b\r\n' if start.endswith(b'\r\n') else b'aaaaaa'
    with socket.create_connection((client.base_url.host, client.base_url.port), 30) as long:
        long.sendall(start)
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                long.sendall(more * 200)
        assert b'at most 65,536 bytes' in received(long)
    assert client.get('/health').status_code == 200


def test_a_body_in_many_small_parts_is_read(client):
    content = json.dumps(ROWS).encode()
    done = client.post('/predict', content=(bytes([byte]) for byte in content))
    assert done.status_code == 415  # no media type
    kind = {'content-type': 'application/json'}
    parts = (bytes([byte]) for byte in content + b' ' * 15_000)
    assert client.post('/predict', content=parts, headers=kind).status_code == 200


def test_bodies_that_are_too_large_together_are_refused(client):
    url, cut = client.base_url, []
    head = f'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {LIMITS.body}\r\n\r\n'
    try:
        for _ in range(8):  # each body lacks one byte
            cut.append(socket.create_connection((url.host, url.port), timeout=30))
            cut[-1].sendall(head.encode() + b' ' * (LIMITS.body - 1))
        time.sleep(0.5)
        done = client.post('/predict', json=ROWS)
        assert (done.status_code, 'Too many large requests' in done.text) == (503, True)
    finally:
        for each in cut:
            each.close()
    time.sleep(0.5)
    assert client.post('/predict', json=ROWS).status_code == 200


def test_the_page_needs_nothing_from_elsewhere(client):
    page = client.get('/')
    assert page.headers['content-type'] == 'text/html; charset=utf-8'
    assert "default-src 'none'" in page.headers['content-security-policy']
    assert page.headers['x-content-type-options'] == 'nosniff'
    assert not re.findall(r'(?:src|href)="(?!data:)|https?:|innerHTML|\son\w+=', page.text)
