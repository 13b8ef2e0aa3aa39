"""Configs that are refused, in one form, before anything is built."""

import copy

import pytest

from mtljax import build

BASE = {
    'seed': 0,
    'data': {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 16, 'test': 16},
    'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': (8,)},
    'sharing': {'fn': 'mtljax.sharing:hard'},
    'weighting': {'fn': 'mtljax.weighting:equal'},
    'surgery': {'fn': 'mtljax.surgery:pcgrad'},
    'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
    'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
    'train': {'steps': 4, 'batch_size': 16},
}


def refused(said, **changes):
    """Set fields, such as ``data__fn``."""
    config = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, last = path.split('__')
        place = config
        for parent in parents:
            place = place[parent]
        place[last] = value
    with pytest.raises(ValueError, match=said):
        build.setup(config)


@pytest.mark.parametrize(
    'name',
    [
        *('mtljax.data.digits', 'mtljax.data:', '', ':digits', 'mtljax.data:digits:x', 3, None),
        *('missing_module:f', 'a b:c', '..:x', 'mtljax.data:nothing', 'os:path', ['a']),
        *('raises_at_import:f', 'no_syntax:f', 'exits_at_import:f'),
    ],
)
def test_names_of_functions(name, tmp_path, monkeypatch):
    (tmp_path / 'raises_at_import.py').write_text('raise RuntimeError("a reason")\n')
    (tmp_path / 'no_syntax.py').write_text('def f(:\n')
    (tmp_path / 'exits_at_import.py').write_text('raise SystemExit(3)\n')
    monkeypatch.syspath_prepend(tmp_path)
    refused(r'config.data.fn should name a function', data__fn=name)


@pytest.mark.parametrize('value', [None, 3, 'x', [], {}, 2.5])
def test_fields_that_should_be_specs(value):
    for field in ('backbone', 'sharing', 'surgery', 'optimizer'):
        refused(rf'config.{field} should be a mapping such as', **{field: value})
    refused(r'config.data should build a Dataset', data=value)
    if value is not None:
        refused(r'config.select should be a mapping such as', select=value)
    if value != {}:
        refused(r'config.train should be a mapping', train=value)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'seed': -1}, r'config.seed should be a whole number'),
        ({'seed': None}, r'config.seed should be a whole number'),
        ({'seed': 'a'}, r'config.seed should be a whole number'),
        ({'frozen': 2.5}, r'config.frozen should be a whole number >= 0'),
        ({'frozen': -1}, r'config.frozen should be a whole number >= 0'),
        ({'store_features': 'x'}, r'config.store_features should be True or False'),
        ({'heads': 3}, r'config.heads should be a mapping'),
        ({'loss_scales': 3}, r'config.loss_scales should be a mapping'),
        ({'loss_scales': {'left': '2'}}, r"loss_scales.left should be a finite number. Found.*'2'"),
        ({'train__workdir': 'x'}, r"config.train should hold options.*Found \['workdir'\]"),
        ({'train__seed': 3}, r"config.train should hold options.*Found \['seed'\]"),
        ({'train__steps': '3'}, r'config.train: steps should be a whole number'),
        ({'train__fn': 'mtljax.backbones:mlp'}, r"config.train should hold options, no 'fn'"),
        ({'train': {}}, r'config.train: Training needs steps and batch_size'),
        ({'train__select': print}, r'config.train.select should be a number, a text'),
        ({'backbone__widths': {1, 2}}, r'config.backbone.widths should be a number, a text'),
        ({'backbone__widths': ('8',)}, r'widths should be 1 or more whole numbers'),
        ({'sharing__args': 3}, r'config.sharing.args should be a list. Found 3'),
        ({'optimizer': {'fn': 'math:sqrt', 'args': ['x']}}, r'config.optimizer = math:sqrt'),
        ({'optimizer': {'fn': 'builtins:dict'}}, r'config.optimizer should build an optax'),
        ({'surgery': {'fn': 'builtins:dict'}}, r'config.surgery should build an optax transform'),
        ({'backbone': {'fn': 'builtins:dict'}}, r'config.backbone should build a tuple of Modules'),
        ({'data': {'fn': 'builtins:dict'}}, r'config.data should build a Dataset'),
    ],
)
def test_fields(changes, said):
    refused(said, **changes)


def test_a_config_that_contains_itself():
    config = copy.deepcopy(BASE)
    config['data']['again'] = config
    with pytest.raises(ValueError, match='should not be nested deeper than 50'):
        build.setup(config)
    config = copy.deepcopy(BASE)
    widths: list = []
    widths.append(widths)
    config['backbone']['widths'] = widths
    with pytest.raises(ValueError, match='should not be nested deeper than 50'):
        build.setup(config)


@pytest.mark.parametrize('config', [None, [1], 'x'])
def test_no_config(config):
    with pytest.raises(ValueError, match='The config should be a mapping'):
        build.setup(config)


@pytest.mark.parametrize(
    ('field', 'said'), [('surgry', 'config.surgery'), ('loss_scale', 'config.loss_scales')]
)
def test_a_misspelt_field_is_refused(field, said):
    config = copy.deepcopy(BASE) | {field: {}}
    with pytest.raises(ValueError, match=f'config.{field} is no field. Did you mean {said}'):
        build.setup(config)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'sharing__fn': 'mtljax.sharing:mmeo'}, "Did you mean 'mtljax.sharing:mmoe'"),
        ({'sharing__fn': 'mtljax.sharng:mmoe'}, "Did you mean 'mtljax.sharing:mmoe'"),
        ({'sharing__fn': 'mtljax.sharing.mmoe'}, "Did you mean 'mtljax.sharing:mmoe'"),
        ({'backbone__fn': 'mpl'}, "Did you mean 'mtljax.backbones:mlp'"),
        ({'optimizer__fn': 'optax:adamm'}, "Did you mean 'optax:adam'"),
        ({'surgery__fn': 'mtljax.surgery:xyz'}, 'Choose one of Angles, .*, upgrad'),
        (
            {'backbone__dropuot': 0.1},
            r'config.backbone should have options of mtljax.backbones:mlp: widths, .*'
            "Found 'dropuot'. Did you mean 'dropout'?",
        ),
        ({'sharing__start': 1}, "options of mtljax.sharing:hard: it has none. Found 'start'.$"),
        ({'train__batchsize': 8}, r"Found \['batchsize'\]. Did you mean 'batch_size'"),
        ({'heads': {'lefft': {}}}, r"heads should name tasks.*'lefft'.*Did you mean 'left'"),
    ],
)
def test_what_was_meant(changes, said):
    refused(said, **changes)


def test_the_metric_that_was_meant():
    score = build.make({**BASE['select'], 'metric': 'acuracy'}, 'select')
    with pytest.raises(ValueError, match=r"No task has the metric.*Did you mean 'accuracy'"):
        score({'left': {'loss': 1.0, 'accuracy': 0.5}})
