"""Requests that should be answered, by every way to ask."""

import json
import random
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.fuzz.service.model import COLUMNS, Known
from experiments.fuzz.service.plan import Plan, predict, request

_HEADER = 'Inference-Header-Content-Length'
_INFER = '/v2/models/model/infer'
_GOOD = (200,)
_NEAR = 1e-4  # of the answer; a batch of another size changes the last bits


class Good:
    """Makes requests for rows whose answers are known.

    Args:
      known: The rows.
    """

    def __init__(self, known: Sequence[Known]):
        self._known = known

    def rows(self, rng: random.Random, most: int = 20) -> list[Known]:
        """Return some of the rows."""
        return rng.choices(self._known, k=rng.randint(1, most))

    def json(self, rng: random.Random) -> Plan:
        """Rows as JSON."""
        return self._json(self.rows(rng))

    def many(self, rng: random.Random) -> Plan:
        """Many rows as JSON."""
        return self._json(rng.choices(self._known, k=rng.randint(1000, 10_000)))

    def _json(self, rows: Sequence[Known]) -> Plan:
        body = json.dumps([each.row for each in rows]).encode()
        return Plan([predict(body)], statuses=_GOOD, check=lambda found: _check(found, rows))

    def csv(self, rng: random.Random) -> Plan:
        """Rows as CSV."""
        rows = self.rows(rng)
        lines = [','.join(COLUMNS), *(','.join(_cells(each)) for each in rows)]
        body = '\n'.join(lines).encode()
        return Plan(
            [predict(body, 'text/csv')], statuses=_GOOD, check=lambda found: _check(found, rows)
        )

    def v2_json(self, rng: random.Random) -> Plan:
        """Tensors of JSON."""
        rows = self.rows(rng)
        body = json.dumps({'inputs': self.tensors(rows)}).encode()
        return Plan(
            [request(_INFER, body)], statuses=_GOOD, check=lambda found: _check_price(found, rows)
        )

    def v2_binary(self, rng: random.Random) -> Plan:
        """Tensors of bytes."""
        rows = self.rows(rng)
        start, rest = self.binary(rows)
        sent = request(_INFER, start + rest, f'{_HEADER}: {len(start)}')
        return Plan([sent], statuses=_GOOD, check=lambda found: _check_price(found, rows))

    def tensors(self, rows: Sequence[Known]) -> list[dict[str, Any]]:
        """Return the rows as tensors of JSON."""
        return [
            {
                'name': name,
                'datatype': 'FP64' if name == 'rooms' else 'BYTES',
                'shape': [len(rows)],
                'data': [each.row[name] for each in rows],
            }
            for name in COLUMNS
        ]

    def binary(self, rows: Sequence[Known]) -> tuple[bytes, bytes]:
        """Return the rows as JSON, and the bytes of its tensors."""
        tensors, parts = self.tensors(rows), []
        for tensor in tensors:
            parts.append(_bytes(tensor.pop('data'), tensor['datatype']))
            tensor['parameters'] = {'binary_data_size': len(parts[-1])}
        return json.dumps({'inputs': tensors}).encode(), b''.join(parts)


def _cells(known: Known) -> list[str]:
    return ['' if cell is None else str(cell) for cell in known.row.values()]


def _bytes(cells: Sequence[Any], datatype: str) -> bytes:
    if datatype != 'BYTES':
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64).tobytes()
    texts = [(cell or '').encode() for cell in cells]
    return b''.join(struct.pack('<I', len(text)) + text for text in texts)


def _check(body: bytes, rows: Sequence[Known]) -> None:
    found = json.loads(body)['predictions']
    if len(found) != len(rows):
        raise ValueError(f'{len(found)} answers for {len(rows)} rows')
    for each, known in zip(found, rows, strict=True):
        if not _same(each, known.answer):
            raise ValueError(f'{each} in place of {known.answer}')


def _check_price(body: bytes, rows: Sequence[Known]) -> None:
    outputs = {output['name']: output for output in json.loads(body)['outputs']}
    right = [known.answer['price'] for known in rows]
    if not _same(outputs['price']['data'], right):
        raise ValueError(f'{outputs["price"]["data"]} in place of {right}')


def _same(found: Any, right: Any) -> bool:
    if isinstance(right, dict):
        return found.keys() == right.keys() and all(
            _same(found[name], right[name]) for name in right
        )
    if isinstance(right, list):
        return len(found) == len(right) and all(map(_same, found, right))
    if isinstance(right, float):
        return abs(found - right) <= _NEAR * max(1, abs(right))
    return found == right
