"""Fields that the command line sets, also those that a config lacks."""

import sys

import pytest
from absl import flags
from ml_collections import config_flags

from experiments import program
from experiments.program.config_file import load_config
from experiments.program.fields import separate
from experiments.program.running import _said
from mtljax import build

pytestmark = pytest.mark.filterwarnings('ignore:the load_module')  # of ml_collections
MMOE = '--config.sharing.fn=mtljax.sharing:mmoe'


def config_of(*arguments, file='configs/digits.py'):
    values = flags.FlagValues()
    config_flags.DEFINE_config_file('config', flag_values=values, lock_config=True)
    kept, new = separate(['program', f'--config={file}', *arguments], load_config(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', kept)
        values(kept)
    values['config'].new_fields = new
    return program.config_of(values['config'])


def test_options_of_functions_and_of_training():
    config = config_of(
        MMOE,
        '--config.sharing.start=1',
        '--config.sharing.gate_dropout',
        '0.1',
        '--config.optimizer.learning_rate.alpha=0.5',
        '--config.train.pooled',
        '--noconfig.train.stream',
        '--config.train.allow_unlabelled=left',
        '--config.train.steps=7',
        '--config.surgery.fn=mtljax.surgery:pcgrad',
        '--config.surgery.shuffle=false',
    )
    assert config.sharing.to_dict() == {
        'fn': 'mtljax.sharing:mmoe',
        'start': 1,
        'gate_dropout': 0.1,
    }
    assert config.optimizer.learning_rate.alpha == 0.5
    assert config.optimizer.learning_rate.decay_steps == 7
    assert config.train.pooled is True
    assert config.train.stream is False
    assert config.train.allow_unlabelled == ('left',)
    assert config.surgery.to_dict() == {'fn': 'mtljax.surgery:pcgrad', 'shuffle': False}
    with pytest.raises(AttributeError):
        config.train.batch = 3  # still locked


def test_a_function_of_a_field_that_the_config_lacks():
    config = config_of(
        '--config.train.augment.fn=mtljax.data:augment_scenes',
        '--config.train.augment.scales=1.0,1.5',
        '--config.heads.left.fn=mtljax.heads:mlp',
        '--config.heads.left.widths=8',
        '--config.loss_scales.left=2',
        '--config.frozen=1',
        '--config.methods.mmoe.sharing.start=1',
        '--config.optimizer.learning_rate=0.1',
        '--config.optimizer.weight_decay.fn=optax:constant_schedule',
        '--config.optimizer.weight_decay.value=0.5',
        '--config.weighting=None',
    )
    assert config.train.augment.scales == (1.0, 1.5)
    assert config.heads.left.to_dict() == {'fn': 'mtljax.heads:mlp', 'widths': 8}
    assert config.loss_scales.to_dict() == {'left': 2}
    assert config.frozen == 1
    assert config.methods.mmoe.sharing.start == 1
    assert config.optimizer.learning_rate == 0.1
    assert config.optimizer.weight_decay.value == 0.5
    assert config.weighting is None
    program.use_method(config, 'mmoe')
    assert config.sharing.to_dict() == {'fn': 'mtljax.sharing:hard', 'start': 1}


def test_what_the_config_sets_for_a_method_gives_way():
    config = config_of(MMOE, '--config.sharing.start=0', file='configs/csv.py')
    assert config.sharing.start == 0
    assert config_of(MMOE, file='configs/csv.py').sharing.start == 1


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('price', ('price',)),
        ('price,sold', ('price', 'sold')),
        ('sale price, sold', ('sale price', 'sold')),
        ("('a','b c')", ('a', 'b c')),
        ('()', ()),
    ],
)
def test_lists_of_texts(text, value):
    assert config_of(f'--config.data.targets={text}', file='configs/csv.py').data.targets == value


def test_the_last_value_of_a_field_counts():
    config = config_of(
        '--config.data.targets=price,sold',
        '--config.data.path=a',
        '--config.data.targets=kind',
        '--config.data.targets',
        'sold',
        '--config.data.path=b',
        '--config.train.allow_unlabelled=price',
        '--config.train.allow_unlabelled=sold',
        file='configs/csv.py',
    )
    assert config.data.targets == config.train.allow_unlabelled == ('sold',)
    assert config.data.path == 'b'


@pytest.mark.parametrize(
    ('flag', 'said'),
    [
        ('--config.sharing.start=1', r"options of mtljax.sharing:hard: it has none. Found 'start'"),
        ('--config.train.batch=1', r"training.Options: steps, .*Found 'batch'.*'batch_size'"),
        ('--config.surgry.fn=x', r"field of config: .*Found 'surgry'. Did you mean 'surgery'"),
        ('--config.seed.a=1', r'should be a field of a mapping. Found config.seed = 0'),
        ('--config.methods=1', r'--config.methods should be a mapping'),
        ('--config.methods.mmoe.sharing.strat=1', r"sharing:mmoe: .*'strat'.*'start'"),
        ('--config.optimizer.learning_rate.alhpa=1', r"Found 'alhpa'. Did you mean 'alpha'"),
    ],
)
def test_fields_without_a_place(flag, said):
    with pytest.raises(program.UsageError, match=said):
        config_of(flag)


def test_a_config_of_no_training_has_no_optional_fields():
    with pytest.raises(program.UsageError, match=r"field of config: .*Found 'heads'"):
        config_of('--config.heads.a=1', file='configs/toy2d.py')


def test_a_name_that_does_not_exist_is_refused_when_it_is_built():
    config = config_of('--config.sharing.fn=mtljax.sharing:mmeo', '--config.sharing.start=1')
    with pytest.raises(ValueError, match=r"Did you mean 'mtljax.sharing:mmoe'"):
        build.setup(config.to_dict())


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('def get_config():\n    return {}["steps"]\n', r"own.py, line 2: KeyError: 'steps'"),
        ('import missing_module\n', r'own.py, line 1: ModuleNotFoundError: No module'),
        ('def get_config(:\n', r'own.py, line 1: SyntaxError'),
        ('def get_config(a, b): pass\n', r'own.py: missing a required argument'),
        ('x = 1\n', r'own.py should have a function get_config'),
        ('def get_config(): return {}\n', r'get_config should return an ml_collections.Config'),
        ('def get_config():\n    raise ValueError("no")\n', r'^no$'),
        (
            'from configs.common import base\ndef get_config():\n    return base(trian={})\n',
            r'own.py, line 3: TypeError: base\(\) missing',
        ),
    ],
)
def test_an_error_in_a_config(text, said, tmp_path):
    (tmp_path / 'own.py').write_text(text)
    with pytest.raises(program.UsageError, match=said):
        load_config(str(tmp_path / 'own.py'))


def test_a_config_without_variants(tmp_path):
    (tmp_path / 'own.py').write_text('def get_config(): pass\n')
    with pytest.raises(program.UsageError, match=r"own.py has no variants. Found 'x'"):
        load_config(f'{tmp_path}/own.py:x')


@pytest.mark.parametrize('name', ['configs/digit.py', 'digits', 'config/digits.py'])
def test_a_config_that_is_missing(name):
    with pytest.raises(program.UsageError, match=r'Found .*, which is.*mean configs/digits.py\?'):
        load_config(name)


def test_a_value_that_is_no_choice():
    values = flags.FlagValues()
    flags.DEFINE_enum('suite', None, ['resume', 'faults'], '', flag_values=values)
    with pytest.raises(flags.Error) as error:
        values(['program', '--suite=resum'])
    said = "--suite should be one of resume, faults. Found 'resum'. Did you mean 'resume'?"
    assert _said(error.value) == said
