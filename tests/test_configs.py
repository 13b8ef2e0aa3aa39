"""Every config and variant runs two steps, and its docstring says how to start it."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from experiments import _build
from experiments._program import UsageError

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / 'configs').glob('*.py'))


def variants():
    for path in CONFIGS:
        text = ast.get_docstring(ast.parse(path.read_text()))
        if f'experiments.train --config=configs/{path.name}' not in text:
            continue  # of a program with tests of its own
        if 'path' in importlib.import_module(f'configs.{path.stem}').get_config().data:
            continue  # of data with tests of its own
        for name in ['', *re.findall(r':([a-z_]+)\b', text.split('Variants:')[1])]:
            yield pytest.param(path.stem, name, id=f'{path.stem}:{name}')


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_the_docstring_has_the_command(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    command = rf'python -m experiments\.(train|toy) --config=configs/{re.escape(path.name)}'
    assert re.search(command, text)


@pytest.mark.parametrize(('name', 'variant'), list(variants()))
def test_two_steps(name, variant):
    config = importlib.import_module(f'configs.{name}').get_config(variant)
    changes = {'data.train': 64, 'data.validation': 32, 'data.test': 32, 'train.steps': 2}
    changes |= {'train.batch_size': 16, 'train.log_every': 1, 'train.eval_every': 1}
    with config.unlocked():
        config.update_from_flattened_dict(changes)
    built = _build.setup(config)
    result = _build.train(built, seed=0)
    assert int(result.state.step) == 2
    assert list(result.test) == list(built.dataset.tasks)


@pytest.mark.parametrize(
    ('field', 'value', 'said'),
    [
        ('sharing.fn', 'hard', "'package.module:function'"),
        ('backbone.dropout', 2.0, r'config.backbone = .*dropout should be in \[0, 1\)'),
        ('train.batch_size', 100_000, 'the 64 training examples'),
        ('train.parallel', 'threads', r"\['jit', 'pmap'\]"),
        ('train.engine', 'warp', r"\['auto', 'batched', 'lean', 'loop', 'representation'\]"),
        ('select.metric', 'f1', "No task has the metric 'f1'"),
    ],
)
def test_errors_name_what_was_found(field, value, said):
    config = importlib.import_module('configs.digits').get_config()
    sizes = {'data.train': 64, 'data.validation': 32, 'data.test': 32, 'train.batch_size': 32}
    with config.unlocked():
        config.update_from_flattened_dict(sizes | {field: value})
    with pytest.raises(UsageError, match=said):
        _build.train(_build.setup(config), seed=0)
