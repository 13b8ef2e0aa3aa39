"""Requests that should be refused."""

import gzip
import json
import random
from typing import Any

from experiments.fuzz.service.good import Good
from experiments.fuzz.service.plan import Plan, predict, request

_HEADER = 'Inference-Header-Content-Length'
_INFER = '/v2/models/model/infer'
_CELLS: tuple[Any, ...] = (
    *('many', '', '\ud800', '\x00', 'ä' * 3000, '1e999', '0x10', '\u0967', 'nan', '-inf'),
    *(1e308, -1e308, 10**300, 0, True, [], {}, [[1]], {'a': None}, 'NA', '1_0', '<script>'),
    *('2024-02-30', '99999-01-01', '2024-01-01T25:00', '01.02.2024', '-0001-01-01', '1,5 %'),
)
_TEXTS = (
    *(b'', b'{', b'NaN', b'[NaN]', b'[{"rooms": Infinity}]', b'[{"rooms": -NaN}]', b'null', b'3'),
    *(
        b'[]',
        b'[null]',
        b'{}',
        b'{"rows": {}}',
        b'{"rows": [], "tasks": 3}',
        b'"\xff"',
        b'\xfe\xff',
    ),
    *(b'[{"rooms": 1, "rooms": 2}]', b'[{"rooms": ' + b'9' * 5000 + b'}]', b'[{"rooms": 1e99999}]'),
    *(b'[' * 3000, b'[' * 100_000 + b']' * 100_000, b'{"a":' * 50_000, b'\xef\xbb\xbf[]', b'[1,]'),
)
_PATHS = (
    *(
        '/',
        '/predict',
        '/health',
        '/model',
        '/metrics',
        '/v2',
        '/v2/health/ready',
        '/v2/models/model',
    ),
    *(
        '/predict/',
        '//',
        '/../etc/passwd',
        '/%00',
        '/v2/models/%ff/infer',
        '/v2/models/' + 'a' * 3000,
    ),
    *(
        '/v2/models/model/versions/2',
        '/v2/models/model/ready',
        '/favicon.ico',
        '/predict?' + 'a' * 9000,
    ),
    *('*', 'http://other/predict', '/v2/models/../../x', '/model;a=b', '/%F0%9F%98%80'),
)
_HEADS = (
    b'\x00' * 50,
    b'\r\n' * 50,
    b'GET / HTTP/9.9\r\n\r\n',
    b'GET / HTTP/1.0\r\n\r\n',
    b'GET /\r\n\r\n',
    b'GET / HTTP/1.1\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nA: ' + b'a' * 100_000 + b'\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\n' + b'A: a\r\n' * 20_000 + b'\r\n',
    b'GET /' + b'a' * 200_000 + b' HTTP/1.1\r\nHost: a\r\n\r\n',
    b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1' + b'0' * 40 + b'\r\n\r\n',
    b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab',
    b'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    b'POST /predict HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
    b'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]',
    b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
)
_METHODS = ('GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'POST', 'BREW', 'get')


class Bad:
    """Makes requests with faults."""

    def __init__(self, good: Good):
        self._good = good

    def cells(self, rng: random.Random) -> Plan:
        """Rows of which some have a cell that may not fit."""
        rows = [dict(each.row) for each in self._good.rows(rng)]
        rng.choice(rows)[rng.choice(['rooms', 'kind', 'city', 'day', 'other'])] = rng.choice(_CELLS)
        if rng.random() < 0.3:
            rng.choice(rows).pop('kind')
        return Plan([predict(json.dumps(rows).encode())])

    def texts(self, rng: random.Random) -> Plan:
        """Bodies that are no rows."""
        kind = rng.choice(['application/json', 'text/csv', 'a/b', '', 'application/json; x="'])
        return Plan([predict(rng.choice(_TEXTS), kind)], statuses=(400, 413, 415, 422))

    def changed(self, rng: random.Random) -> Plan:
        """Good requests of which some bytes were changed; also those of the head."""
        plan = rng.choice(
            [self._good.json, self._good.csv, self._good.v2_json, self._good.v2_binary]
        )
        sent = bytearray(plan(rng).parts[0])
        first = sent.index(b'\r\n\r\n') + 4 if rng.random() < 0.8 else 0
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(first, len(sent))
            sent[at : at + rng.choice([0, 1])] = bytes([rng.randrange(256)])
        return Plan([bytes(sent)], wait=0.5, needed=False)

    def tensors(self, rng: random.Random) -> Plan:
        """Tensors with a field that does not fit."""
        tensors = self._good.tensors(self._good.rows(rng))
        field = rng.choice(['name', 'datatype', 'shape', 'data', 'parameters'])
        values = (
            *_CELLS,
            [1 << 62],
            [-1],
            [1, 1 << 31],
            [0],
            [20_000],
            'FP16',
            'BOOL',
            {'binary_data_size': 9},
        )
        rng.choice(tensors)[field] = rng.choice(values)
        if rng.random() < 0.2:
            tensors *= 2
        content = {
            'inputs': tensors,
            rng.choice(['outputs', 'id', 'parameters']): rng.choice(values),
        }
        return Plan([request(_INFER, json.dumps(content).encode())])

    def lengths(self, rng: random.Random) -> Plan:
        """Tensors of bytes, of which a length is wrong."""
        start, rest = self._good.binary(self._good.rows(rng))
        length = rng.choice(
            [0, -1, len(start) - 1, len(start) + 1, 10**30, 'x', '', '\u0661', len(start)]
        )
        rest = rng.choice([rest, rest[:-1], rest + b'x', b'', b'\xff' * len(rest)])
        return Plan(
            [request(_INFER, start + rest, f'{_HEADER}: {length}'.encode().decode('latin-1'))]
        )

    def paths(self, rng: random.Random) -> Plan:
        """Other methods and paths."""
        method, path = rng.choice(_METHODS), rng.choice(_PATHS)
        return Plan([request(path, rng.choice([b'', b'[]']), method=method)])

    def coded(self, rng: random.Random) -> Plan:
        """Compressed bodies, and bodies in chunks."""
        body = self._good.json(rng).parts[0].partition(b'\r\n\r\n')[2]
        if rng.random() < 0.5:
            coding = rng.choice(['gzip', 'br', 'gzip, gzip', 'x'])
            sent = predict(gzip.compress(body), 'application/json', f'Content-Encoding: {coding}')
            return Plan([sent], statuses=(415,))
        head = (
            b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
            b'Transfer-Encoding: chunked\r\n\r\n'
        )
        size = rng.choice([f'{len(body):x}', f'{len(body):x};a=b', 'x', '-1', 'f' * 20])
        return Plan(
            [head, size.encode() + b'\r\n' + body + b'\r\n0\r\n\r\n'], wait=0.5, needed=False
        )

    def heads(self, rng: random.Random) -> Plan:
        """Heads of requests that break rules of HTTP."""
        return Plan([rng.choice(_HEADS)], wait=0.5, needed=False)
