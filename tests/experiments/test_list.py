"""The program that lists what a config can name."""

import inspect

import pytest

from experiments.list import listings, things
from experiments.list.docs import arguments_of
from experiments.program import UsageError
from experiments.program.config_file import config_files
from mtljax import sharing, surgery, weighting
from tests.experiments.programs import start


def lines_of(lines):
    found = list(lines)
    assert all(len(line) <= 100 and line == line.rstrip() for line in found)
    return '\n'.join(found)


def named_by(text):
    """The first words of rows that begin with two spaces."""
    rows = [line for line in text.splitlines() if line[:2] == '  ' and line[2:3] != ' ']
    return [row.split()[0] for row in rows]


def test_schemes_and_methods():
    changes_a_model = {'multi_input'}
    names = [name for name in sharing.__all__ if name.islower() and name not in changes_a_model]
    assert named_by(lines_of(listings.schemes(100))) == names
    text = lines_of(listings.methods(100))
    first, second = text.split('\n\n')
    assert named_by(first) == [name for name in weighting.__all__ if name.islower()]
    listed = [name for name in surgery.__all__ if name.islower()]
    assert named_by(second) == listed
    assert '  pcgrad  ' in second
    assert 'PCGrad' in second


def test_configs():
    text = lines_of(listings.configs(100))
    assert named_by(text) == [str(file) for file in config_files()]
    assert ':independent, :pcgrad' in text


def test_every_option_of_a_method_has_its_line():
    for calls in (things.schemes(), things.weightings(), things.surgeries()):
        for name, call in calls.items():
            text = lines_of(listings.options(call.__module__.rpartition('.')[0] + f':{name}', 100))
            said = arguments_of(call)
            for option in things.options(things.Thing(name, call)):
                assert said[option.lstrip('*')], (name, option)
                assert said[option.lstrip('*')].split()[0] in text


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('mmoe', ['mtljax.sharing:mmoe', 'num_experts   8', 'start         0']),
        ('hard', ['It has no options']),
        ('chain', ['*weightings']),
        ('mlp', ['mtljax.backbones:mlp', 'mtljax.heads:mlp', '(required)', 'relu']),
        ('adamw', ['optax:adamw', 'weight_decay   0.0001']),
        ('train', ['mtljax.training:Options', 'batch_size', 'gradient_norms']),
        ('select_by', ["metric            'loss'"]),
        ('digits', ['mtljax.data:digits', 'configs/digits.py', 'config.train.steps', '1500']),
        ('configs/digits.py:pcgrad', ['config.surgery.fn', "'mtljax.surgery:pcgrad'"]),
        ('mtljax.penalties:l2', ['strength']),
        ('data.table', ['mtljax.data:table', 'targets']),
        ('mtljax.data.table', ['mtljax.data:table']),
        ('surgery:pcgrad', ['mtljax.surgery:pcgrad']),
        ('sharing.mmoe', ['mtljax.sharing:mmoe']),
        ('optax.adamw', ['optax:adamw']),
        ('mtljax.training:Options', ['batch_size']),
    ],
)
def test_options(name, said):
    text = lines_of(listings.options(name, 100))
    assert all(part in text for part in said)


def test_defaults_are_those_of_the_signature():
    text = lines_of(listings.options('mtljax.data:table', 100))
    for name, parameter in inspect.signature(
        things.things_named('table')[0].call
    ).parameters.items():
        assert f'\n  {name} ' in text
        if isinstance(parameter.default, int | str) and parameter.default:
            assert repr(parameter.default) in text


@pytest.mark.parametrize(
    ('name', 'meant'),
    [('mmeo', 'mmoe'), ('data.tabel', 'table'), ('mtljax.surgery:pcgard', 'pcgrad')],
)
def test_what_may_be_meant(name, meant):
    with pytest.raises(UsageError, match=rf"Found '{name}'. Did you mean '{meant}'\?"):
        list(listings.options(name, 100))


def test_names_that_are_unknown():
    with pytest.raises(UsageError, match=r'digits.py has the variants'):
        list(listings.options('digits:x', 100))
    done = start('list', 'scheme')
    assert done.returncode == 2
    assert "Found 'scheme'. Did you mean 'schemes'?" in done.stderr


def test_the_program():
    done = start('list')
    assert done.returncode == 0, done.stderr
    assert named_by(done.stdout) == ['schemes', 'methods', 'configs', 'options']
    done = start('list', 'options', 'hard', '--width=70')
    assert done.stdout.startswith('mtljax.sharing:hard  Hard sharing')
