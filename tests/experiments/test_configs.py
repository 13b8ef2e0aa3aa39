"""Every config and variant can be trained, and its docstring says how to start it."""

import ast
import importlib
import re
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from experiments import build
from experiments.compare import report
from experiments.program import UsageError
from tests.helpers import sampled

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(set((ROOT / 'configs').glob('*.py')) - {ROOT / 'configs' / 'common.py'})
SMALLER = {  # for networks that take long to compile
    'scenes': {'backbone.widths': (4,), 'backbone.blocks': (1,)},
    'scenes_losses': {'backbone.widths': (4,), 'backbone.blocks': (1,)},
    'scenes_losses:pretrained': {'backbone.stages': 2, 'backbone.size': (16, 16), 'frozen': 1},
    'scenes_pretrained': {'backbone.stages': 2, 'backbone.size': (16, 16), 'frozen': 1},
    'scenes_pretrained:finetune': {'backbone.stages': 1, 'backbone.size': (16, 16)},
}
STREETS = {'nyuv2': (288, 384), 'cityscapes': (128, 256)}
REDUCED = 8  # divides the true sizes of the benchmarks
TRAINED = ('digits',)  # the others run their steps in make test-all


def variants():
    for path in CONFIGS:
        text = ast.get_docstring(ast.parse(path.read_text()))
        if f'experiments.train --config=configs/{path.name}' not in text:
            continue  # of a program with tests of its own
        get_config = importlib.import_module(f'configs.{path.stem}').get_config
        for name in ['', *re.findall(r':([a-z_]+)\b', text.split('Variants:')[1])]:
            if (
                'path' not in get_config(*filter(None, [name])).data
            ):  # data from files has tests of its own
                yield pytest.param(path.stem, name, id=f'{path.stem}:{name}')


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_the_docstring_has_the_command(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    command = rf'python -m experiments\.(train|toy) --config=configs/{re.escape(path.name)}'
    assert re.search(command, text)


def reduced(name, variant):
    config = importlib.import_module(f'configs.{name}').get_config(variant)
    changes = {'data.train': 64, 'data.validation': 32, 'data.test': 32, 'train.steps': 2}
    changes |= {'train.batch_size': 16, 'train.log_every': 1, 'train.eval_every': 1}
    changes |= SMALLER.get(f'{name}:{variant}', SMALLER.get(name, {}))
    with config.unlocked():
        config.update_from_flattened_dict(changes)
    return config


def checked():
    return [param for param in variants() if param.values not in [(name, '') for name in TRAINED]]


@pytest.mark.parametrize(('name', 'variant'), checked())
def test_shapes_fit(name, variant):
    build.check(build.setup(reduced(name, variant)))


def defaults():
    for param in variants():
        name, variant = param.values
        if not variant:
            marks = [] if name in TRAINED else [pytest.mark.exhaustive]
            yield pytest.param(name, id=name, marks=marks)


@pytest.mark.parametrize('name', list(defaults()))
def test_two_steps(name):
    built = build.setup(reduced(name, ''))
    result = build.train(built, seed=0)
    assert int(result.state.step) == 2
    assert list(result.test) == list(built.dataset.tasks)


def written(root, shape, count):
    """Scenes of noise in the layout of MTAN, `count` to train on, and 1."""
    rng = np.random.default_rng(0)
    arrays = {
        'image': rng.random((*shape, 3), np.float32),
        'label': rng.integers(-1, 7, shape).astype(np.float32),
        'depth': rng.random((*shape, 1), np.float32),
        'normal': rng.normal(size=(*shape, 3)).astype(np.float32),
    }
    for part, scenes in (('train', count), ('val', 1)):
        for kind, array in arrays.items():
            folder = root / part / kind
            folder.mkdir(parents=True)
            for index in range(scenes):
                np.save(folder / f'{index}.npy', array)
    return root


def benchmark(name, variant, folder, count):
    config = importlib.import_module(f'configs.{name}').get_config(variant)
    config.data.path, config.data.validation = str(folder), 1 / count
    return config


def reduced_benchmark(name, variant, tmp_path):
    shape = tuple(size // REDUCED for size in STREETS[name])
    config = benchmark(name, variant, written(tmp_path / 'data', shape, 9), 9)
    narrow = {'widths': (2,), 'depths': (1,)} if variant == 'segnet' else {'widths': (2,)}
    for head in config.get('heads', {}).values():
        head.update(width=2, rates=(2,), shape=shape)
    config.backbone = ConfigDict({'fn': config.backbone.fn, **narrow})
    config.train.update(steps=2, log_every=1, eval_every=1, average_last=2, batch_size=8)
    return build.setup(config)


@pytest.mark.parametrize('variant', sampled(['segnet', 'resnet50'], ['segnet']))
@pytest.mark.parametrize('name', sampled(STREETS, ['nyuv2']))
def test_shapes_of_reduced_benchmarks_fit(name, variant, tmp_path):
    build.check(reduced_benchmark(name, variant, tmp_path))


@pytest.mark.exhaustive
def test_a_reduced_benchmark_runs_two_steps(tmp_path):
    built = reduced_benchmark('nyuv2', 'segnet', tmp_path)
    result = build.train(built, seed=0)
    assert int(result.state.step) == 2
    assert {task: list(row) for task, row in result.test.items()} == {
        task: ['loss', *found.metrics] for task, found in built.dataset.tasks.items()
    }
    assert all(np.isfinite(value) for row in result.test.values() for value in row.values())


@pytest.mark.parametrize(
    'variant', ['segnet', pytest.param('resnet50', marks=pytest.mark.exhaustive)]
)
def test_networks_have_the_true_sizes(variant, tmp_path):
    config = benchmark('nyuv2', variant, written(tmp_path / 'data', STREETS['nyuv2'], 2), 2)
    built = build.setup(config)
    x = built.dataset.train.example.inputs
    params, state = jax.eval_shape(built.model.init, jax.random.key(0), x)
    y, _ = jax.eval_shape(built.model.apply, params, state, x)
    shape = STREETS['nyuv2']
    assert {task: leaf.shape[1:] for task, leaf in y.items()} == {
        'segmentation': (*shape, 13),
        'depth': shape,
        'normal': (*shape, 3),
    }
    published, _ = report.published_table(config.published)
    names = {f'{task} {name}' for task, row in built.dataset.tasks.items() for name in row.metrics}
    assert set(published.columns[1:]) <= names


@pytest.mark.parametrize('variant', ['segnet', 'resnet50'])
@pytest.mark.parametrize('name', STREETS)
def test_benchmarks_follow_the_protocol(name, variant):
    config = importlib.import_module(f'configs.{name}').get_config(variant)
    optimizer = config.optimizer.to_dict()
    rate = (optimizer if variant == 'segnet' else optimizer['args'][1])['learning_rate']
    rate, epoch = build.build(rate, 'rate'), config.train.eval_every
    steps = [0, 100 * epoch - 1, 100 * epoch, 200 * epoch - 1]
    assert [float(rate(step)) for step in steps] == pytest.approx([1e-4, 1e-4, 5e-5, 5e-5])
    assert config.train.steps == 200 * epoch
    assert config.train.batch_size == (2 if (name, variant) == ('nyuv2', 'segnet') else 8)
    assert ('augment' in config.train) == (variant == 'segnet')


@pytest.mark.parametrize(
    ('field', 'value', 'said'),
    [
        ('sharing.fn', 'hard', "'package.module:function'"),
        ('backbone.dropout', 2.0, r'config.backbone: dropout should be in \[0, 1\)'),
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
        build.train(build.setup(config), seed=0)
