"""The config of a folder that somebody sent: reading it executes nothing."""

import importlib
import json

import pytest

from experiments.build import OF_CONFIGS
from mtljax import build
from tests.experiments.programs import start
from tests.experiments.test_configs import CONFIGS, variants

REFUSED = [
    'os:system',
    'mtljax.training._logging:os.system',
    'mtljax.training:train',
    'mtljax.files:write_text',
    'mtljax.data._digits:digits',
    'mtljax.data:np',
    'mtljax.losses:np',
    'mtljax.losses:_area',
    'mtljax.losses:check_option',
    'optax:tree',
    'optax:adam.__globals__',
    'optax._src.alias:adam',
    'optax',
    'builtins:eval',
    'experiments.toy.problems:np',
    5,
    None,
]


@pytest.mark.parametrize('name', REFUSED, ids=str)
@pytest.mark.parametrize('where', ['data', 'nested', 'args'])
def test_names_that_are_refused(name, where):
    spec = {'fn': name}
    config = {
        'data': {'data': spec},
        'nested': {'optimizer': {'fn': 'optax:adam', 'learning_rate': {'more': spec}}},
        'args': {'optimizer': {'fn': 'optax:chain', 'args': [[spec]]}},
    }[where]
    with pytest.raises(ValueError, match='should name a public function'):
        build.check_names(config, known=OF_CONFIGS)


def test_names_that_are_trusted():
    config = {
        'data': {'fn': 'my_package.loaders:houses'},
        'loss': {'fn': 'mtljax.losses:smooth_l1'},
    }
    build.check_names(config, trust=['my_package'])
    build.check_names(config, trust=['my_package.loaders'])
    for other in ('my_pack', 'my_package.loaders.inner'):
        with pytest.raises(ValueError, match=r"Found 'my_package.loaders:houses'.*'my_package'"):
            build.check_names(config, trust=[other])


def test_every_config_of_the_repository_is_known():
    for path in CONFIGS:
        config = importlib.import_module(f'configs.{path.stem}').get_config()
        build.check_names(config.to_dict(), known=OF_CONFIGS)
    for param in variants():
        name, variant = param.values
        config = importlib.import_module(f'configs.{name}').get_config(variant)
        build.check_names(config.to_dict(), known=OF_CONFIGS)


def test_a_conversion_executes_nothing(tmp_path):
    (tmp_path / 'run' / 'checkpoints' / '10').mkdir(parents=True)
    done = tmp_path / 'executed'
    config = {
        'seed': 0,
        'data': {'fn': 'os:system', 'args': [f'touch {done}']},
        'sharing': {'fn': 'mtljax.sharing:hard'},
    }
    config |= {field: {} for field in ('backbone', 'weighting', 'surgery', 'optimizer')}
    config |= {field: {} for field in ('select', 'train')}
    (tmp_path / 'run' / 'config.json').write_text(json.dumps(config))
    flags = (f'--from={tmp_path}/run', '--to=mmoe', f'--workdir={tmp_path}/new')
    ended = start('convert', *flags)
    assert ended.returncode == 2
    assert "Found 'os:system'" in ended.stderr
    assert '--trust=PACKAGE' in ended.stderr
    assert not done.exists()
