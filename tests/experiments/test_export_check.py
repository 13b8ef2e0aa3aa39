"""The suite `export` of selfcheck: what it prints, and how it fails."""

import importlib.util

import pytest

from experiments.program import UsageError
from experiments.selfcheck import export
from experiments.selfcheck.errors import CheckError


@pytest.fixture
def without_onnx(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: name == 'other' or None)
    monkeypatch.setattr(export, '_by_program', lambda case, variables: RIGHT(case, variables))


RIGHT = export.answers_of


def test_a_line_for_each_model(without_onnx, capsys):
    export.check(['aitm', 'mlp'])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'ONNX is left out: its extra is not installed.'
    assert [line.split(' (')[0] for line in lines[1:]] == [
        'mlp: program 0.0e+00',
        'aitm on mlp: program 0.0e+00',
    ]


def test_a_difference_fails(without_onnx, monkeypatch, capsys):
    def wrong(case, variables):
        found = RIGHT(case, variables)
        return {**found, 'a': {'value': found['a']['value'] * 1.001}}

    monkeypatch.setattr(export, '_by_program', wrong)
    with pytest.raises(CheckError, match='1 of 1 exports failed: mlp'):
        export.check(['mlp'])
    assert 'mlp: program 1.0e-03' in capsys.readouterr().out


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match=r'--schemes should be among tabular, mlp, .*lstm'):
        export.check(['lstm'])
