"""The log of a run: damaged lines, changed numbers, events of TensorBoard."""

import json
import logging
import math
import struct

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto import event_pb2

from mtljax import training
from mtljax.training._best_state import BestState
from mtljax.training._logging import Log
from tests.training.test_damage import LIKE, state_of

ROWS = [json.dumps({'step': step, 'loss/a': step / 10}) for step in range(10, 110, 10)]


@pytest.mark.parametrize(
    'line',
    [b'[' + ROWS[4][1:].encode(), b'5', b'', b'\0' * 20, b'{"a": 1}', b'\xff\xfe', b'{"step": 1'],
    ids=['bit', 'number', 'empty', 'zeros', 'no step', 'no text', 'cut'],
)
def test_one_damaged_line_of_the_log(tmp_path, line, caplog):
    path = tmp_path / 'metrics.jsonl'
    lines = [row.encode() for row in ROWS]
    path.write_bytes(b'\n'.join([*lines[:4], line, *lines[5:]]) + b'\n')
    for _ in range(2):
        with caplog.at_level(logging.WARNING):
            Log(tmp_path, 100).close()
        assert [row['step'] for row in training.read_rows(path)] == [
            10, 20, 30, 40, 60, 70, 80, 90, 100,
        ]  # fmt: skip
    assert (tmp_path / 'metrics.damaged').read_bytes() == line + b'\n'
    assert len(caplog.records) == 1


def test_the_log_is_strict_json(tmp_path):
    log = Log(tmp_path)
    log.write(1, {'a': math.nan, 'b': math.inf, 'c': 1.5})
    log.close()
    text = (tmp_path / 'metrics.jsonl').read_text()
    assert text == '{"step": 1, "a": null, "b": null, "c": 1.5}\n'
    (row,) = training.read_rows(tmp_path / 'metrics.jsonl')
    assert math.isnan(row['a'])


def test_events_of_tensorboard(tmp_path):
    log = Log(tmp_path, 10)
    log.write(20, {'loss/a': 0.5, 'loss/b': 1.5})
    log.write(30, {'loss/a': 0.25})
    assert not list(tmp_path.glob('events*'))
    log.flush()
    (path,) = tmp_path.glob('events*')
    before = path.read_bytes()
    log.close()
    assert path.read_bytes() == before
    events = list(read_events(before))
    assert events[0].file_version == 'brain.Event:2'
    assert (events[1].step, events[1].session_log.status) == (11, 1)
    values = [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events[2:]]
    assert values == [(20, {'loss/a': 0.5, 'loss/b': 1.5}), (30, {'loss/a': 0.25})]


def read_events(content):
    """Read the records of a file: size, checksum, event, checksum."""
    while content:
        (size,) = struct.unpack('<Q', content[:8])
        data = content[12 : 12 + size]
        for part, found in ((content[:8], content[8:12]), (data, content[12 + size : 16 + size])):
            total = crc32c(part)
            masked = ((total >> 15 | total << 17) + 0xA282EAD8) & 0xFFFFFFFF
            assert struct.unpack('<I', found) == (masked,)
        yield event_pb2.Event.FromString(data)
        content = content[16 + size :]


def test_a_changed_number_in_the_log(tmp_path, caplog):
    def run():
        best_state = BestState(tmp_path, lambda results: 1.0, LIKE, {})
        log = Log(tmp_path, int(best_state.state['n']['count']), best_state.log)
        return best_state, log

    best_state, log = run()
    for step in (10, 20):
        log.write(step, {'loss/a': step / 10, 'loss/b': math.nan})
        best_state.consider(step, state_of(step), {'a': {}}, log.sum)
    best_state.close()
    log.close()
    path = tmp_path / 'metrics.jsonl'
    assert states(tmp_path, path) == ['whole']
    run()[0].close()
    assert not caplog.records
    path.write_bytes(path.read_bytes().replace(b'2.0', b'3.0'))
    assert states(tmp_path, path) == ['damaged']
    best_state, log = run()
    assert [row['loss/a'] for row in log.rows] == [1.0, 3.0]
    (record,) = caplog.records
    assert record.getMessage() == f'{path}: a row up to step 20 is changed or missing.'
    log.write(30, {'loss/a': 3.0})
    best_state.consider(30, state_of(30), {'a': {}}, log.sum)
    best_state.close()
    assert states(tmp_path, path) == ['whole']


def states(workdir, path):
    return [verdict.state for verdict in training.verify(workdir) if verdict.path == path]
