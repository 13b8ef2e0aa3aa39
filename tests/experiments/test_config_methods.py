"""A function that the command line names is the same model in every program."""

import sys

import pytest
from absl import flags
from ml_collections import config_flags

from experiments import program
from experiments.compare.methods import cells
from experiments.convert.configs import with_scheme
from tests.experiments.plans import plan

pytestmark = pytest.mark.filterwarnings('ignore:the load_module')  # of ml_collections
CONFIG = '--config=configs/mmoe_synthetic.py'
MMOE = '--config.sharing.fn=mtljax.sharing:mmoe'


def config_of(*arguments):
    values = flags.FlagValues()
    config_flags.DEFINE_config_file('config', flag_values=values, lock_config=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['program', *arguments])
        values(sys.argv)
    return program.config_of(values['config'])


def test_every_program_builds_the_same_model():
    plain = config_of(CONFIG)
    trained = config_of(CONFIG, MMOE)
    assert trained.sharing.to_dict() == {'fn': 'mtljax.sharing:mmoe', **plain.methods.mmoe.sharing}
    compared = [
        cell for cell in cells(plain, plan(sharing=['mmoe']), ['a']) if cell.method == 'mmoe'
    ]
    assert [cell.config.sharing for cell in compared] == [trained.sharing]
    assert with_scheme(plain, 'mmoe', []).sharing.to_dict() == trained.sharing.to_dict()


def test_the_function_of_the_config_keeps_its_keywords():
    plain = config_of(CONFIG)
    named = config_of(CONFIG, f'--config.sharing.fn={plain.sharing.fn}')
    assert named.to_json() == plain.to_json()


def test_a_field_of_the_command_line_wins(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text("""
from ml_collections import ConfigDict

def get_config(variant='soft'):
    return ConfigDict({
        'sharing': {'fn': 'a:hard', 'depth': 2, 'width': 3},
        'weighting': {'fn': 'b:equal'},
        'train': {'steps': 10, 'rate': 0.1},
        'variant': variant,
        'methods': {
            'wide': {'sharing': {'width': 9, 'experts': 4}, 'train': {'steps': 20, 'rate': 0.5}},
            'slow': {'weighting': {'fn': 'b:slow', 'every': 3}},
        },
    })
""")
    wide = config_of(
        f'--config={path}:hard',
        '--config.sharing.fn=a:wide',
        '--config.sharing.width=5',
        '--config.train.rate=0.2',
        '--config.weighting.fn=b:slow',
    )
    assert wide.sharing.to_dict() == {'fn': 'a:wide', 'width': 5, 'experts': 4}
    assert wide.train.to_dict() == {'steps': 20, 'rate': 0.2}
    assert wide.weighting.to_dict() == {'fn': 'b:slow', 'every': 3}
    assert wide.variant == 'hard'


@pytest.mark.parametrize('name', ['mtljax.sharing:cross_stitch', 'other.module:mmoe'])
def test_functions_without_fields_in_methods_get_none(name):
    assert 'depth' not in config_of(CONFIG, f'--config.sharing.fn={name}').sharing
