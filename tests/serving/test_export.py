"""Exported models: they answer as the run does, without the code of the run."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from experiments.selfcheck.sharing_schemes import SCHEMES
from mtljax import build as building
from mtljax import serving
from mtljax.serving._safetensors import to_safetensors
from tests.serving.names import some
from tests.serving.runs import TABLE, applied, assert_near, datasets, run_of


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    return datasets(tmp_path_factory.mktemp('export'))


@pytest.mark.parametrize('name', some(SCHEMES, ['hard', 'mmoe', 'aitm']))
def test_every_scheme_answers_as_the_run(name, dataset, tmp_path):
    run = run_of(dataset, name)
    building.export(run, tmp_path / 'model.zip')
    model, right = serving.load(tmp_path / 'model.zip'), applied(run, TABLE)
    assert_near(model.predict(TABLE), right)
    assert_near(run.predict(TABLE), right)
    rows = model.rows(model.predict(TABLE))
    assert len(rows) == 3
    assert list(rows[0]) == list(run.model.tasks)
    json.dumps(rows)


def test_the_same_run_gives_the_same_file(dataset, tmp_path):
    building.export(run_of(dataset, 'hard'), tmp_path / 'a.zip')
    building.export(run_of(dataset, 'hard'), tmp_path / 'b.zip')
    content = (tmp_path / 'a.zip').read_bytes()
    assert content == (tmp_path / 'b.zip').read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content


@pytest.mark.parametrize('name', some(SCHEMES, ['hard', 'independent']))
def test_some_tasks_need_fewer_weights(name, dataset, tmp_path):
    run = run_of(dataset, name)
    chosen = run.model.tasks[1]
    few = building.export(run, tmp_path / 'few.zip', tasks=[chosen])
    model = serving.load(tmp_path / 'few.zip')
    assert_near(model.predict(TABLE), applied(run, TABLE, [chosen]))
    all_of_them = building.export(run, tmp_path / 'all.zip')
    sizes = [manifest['weights']['numbers'] for manifest in (few, all_of_them)]
    if name == 'independent':
        assert sizes[1] / 3.5 < sizes[0] < sizes[1] / 2.5
    assert sizes[0] < sizes[1] or name in ('task_token', 'esmm', 'aitm')


@pytest.mark.parametrize(('dtype', 'share'), [('bfloat16', 3e-2), ('int8', 3e-2)])
def test_fewer_bits(dataset, tmp_path, dtype, share):
    run = run_of(dataset, 'mmoe')
    whole = building.export(run, tmp_path / 'a.zip')['weights']
    few = building.export(run, tmp_path / 'b.zip', dtype=dtype)['weights']
    assert few['bytes'] < (0.55 if dtype == 'bfloat16' else 0.5) * whole['bytes']
    found = serving.load(tmp_path / 'b.zip').predict(TABLE, ['sold'])
    assert_near(found, applied(run, TABLE, ['sold']), share)


def test_the_scale_of_int8_is_that_of_the_channel():
    weights = {
        'k': np.float32(np.random.default_rng(0).normal(size=(2, 7, 3))),
        'z': np.zeros((2, 2), np.float32),
    }
    found, _ = serving.rounded(weights, {}, 'int8')
    largest = np.abs(weights['k']).max(axis=1, keepdims=True)
    error = np.abs(found['k'] - weights['k'])
    assert (error <= largest / 127 / 2 * 1.001).all()
    assert (found['z'] == 0).all()


TEN_LINES = """
import json, sys, zipfile
for name in ('mtljax', 'flax', 'optax', 'orbax', 'safetensors'):
    sys.modules[name] = None
{lines}
print(json.dumps(jax.tree.map(lambda x: np.asarray(x).tolist(), answers)))
"""


def test_ten_lines_need_jax_alone(dataset, tmp_path):
    run = run_of(dataset, 'hard')
    building.export(run, tmp_path / 'model.zip')
    np.savez(tmp_path / 'rows.npz', **run.schema.encode(TABLE).inputs)
    page = (Path(__file__).parents[2] / 'docs' / 'serving.md').read_text()
    lines = page.split('```python\nimport json')[1].split('```')[0]
    code = TEN_LINES.format(lines='import json' + lines)
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert_near({task: found[task] for task in run.model.tasks}, applied(run, TABLE))


@pytest.fixture(scope='module')
def exported(dataset, tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'model.zip'
    building.export(run_of(dataset, 'hard'), path)
    return path


def changed(path, target, name, change):
    """Copy a model, and change the content of one member."""
    with zipfile.ZipFile(path) as file:
        members = {info.filename: file.read(info) for info in file.infolist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(target, 'w') as file:
        for member, content in members.items():
            file.writestr(member, content)
    return target


def with_field(**fields):
    return lambda content: json.dumps({**json.loads(content), **fields}).encode()


@pytest.mark.parametrize(
    ('name', 'change', 'said'),
    [
        ('program.bin', lambda x: x[:-9] + b'123456789', 'checksum'),
        ('weights.safetensors', lambda x: x[:-1], 'checksum'),
        ('schema.json', lambda x: x.replace(b'size', b'mass'), 'checksum'),
        ('manifest.json', lambda x: x[:-20], 'whole model'),
        ('manifest.json', lambda x: b'[]', 'whole model'),
        ('manifest.json', with_field(format=2), 'Use a newer version'),
        ('manifest.json', with_field(checksums={}), 'whole model'),
        ('manifest.json', with_field(checksums={'../x': ''}), 'whole model'),
        ('manifest.json', with_field(tasks={'price': {}}), 'whole model'),
    ],
)
def test_a_damaged_model_is_refused(exported, tmp_path, name, change, said):
    with pytest.raises(ValueError, match=said):
        serving.load(changed(exported, tmp_path / 'bad.zip', name, change))


def test_a_cut_file_is_refused(exported, tmp_path):
    content = exported.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        (tmp_path / 'cut.zip').write_bytes(content[:size])
        with pytest.raises(ValueError, match='should be a whole model'):
            serving.load(tmp_path / 'cut.zip')
    with pytest.raises(FileNotFoundError):
        serving.load(tmp_path / 'none.zip')


def forged(exported, tmp_path, name, content):
    """A model with another member, and a checksum that fits."""
    path = changed(exported, tmp_path / 'one.zip', name, lambda _: content)
    with zipfile.ZipFile(exported) as file:
        sums = json.loads(file.read('manifest.json'))['checksums']
    sums[name] = hashlib.sha256(content).hexdigest()
    return changed(path, tmp_path / 'own.zip', 'manifest.json', with_field(checksums=sums))


def written(exported, tmp_path, made):
    return forged(exported, tmp_path, 'program.bin', bytes(made.serialize()))


def test_weights_that_do_not_fit_are_refused(exported, tmp_path):
    few = {'params/task/heads/price/Dense_0/bias': np.zeros(2, np.float32)}
    path = forged(exported, tmp_path, 'weights.safetensors', to_safetensors(few))
    with pytest.raises(ValueError, match=r"should be a whole model .* Found no weights 'params"):
        serving.load(path)
    path = forged(exported, tmp_path, 'weights.safetensors', b'\xff' * 40)
    with pytest.raises(ValueError, match='The weights are damaged'):
        serving.load(path)


def test_a_program_that_calls_other_code_is_refused(exported, tmp_path):
    def call(weights, inputs):
        return {'a': {'value': jnp.linalg.qr(inputs['x'])[0]}}  # calls LAPACK

    shape = {'x': jax.ShapeDtypeStruct((2, 2), np.float32)}
    made = export.export(jax.jit(call), platforms=['cpu'])({}, shape)
    path = written(exported, tmp_path, made)
    with pytest.raises(ValueError, match='call nothing outside of its program'):
        serving.load(path)


def test_a_program_for_another_platform_is_refused(exported, tmp_path):
    made = export.export(jax.jit(lambda w, x: {'a': {'value': x}}), platforms=['tpu'])
    path = written(exported, tmp_path, made({}, jax.ShapeDtypeStruct((2,), np.float32)))
    with pytest.raises(ValueError, match=r"for the platform cpu. Found \['tpu'\]"):
        serving.load(path)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'tasks': ['cost']}, 'tasks should name tasks'),
        ({'dtype': 'int4'}, 'dtype should be one of'),
        ({'platforms': ['cpu', 'abacus']}, 'platforms should be some of'),
        ({'platforms': []}, 'platforms should be some of'),
    ],
)
def test_what_is_refused(dataset, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        building.export(run_of(dataset, 'hard'), tmp_path / 'm.zip', **options)
    assert not list(tmp_path.iterdir())


def test_a_diverged_run_is_refused(dataset, tmp_path):
    run = run_of(dataset, 'hard')
    params = jax.tree.map(lambda leaf: leaf * np.nan, run.saved.params)
    run = replace(run, saved=run.saved._replace(params=params))
    with pytest.raises(ValueError, match='The training diverged'):
        building.export(run, tmp_path / 'model.zip')
    with pytest.raises(ValueError, match=r'should end with \.zip'):
        building.export(run, tmp_path / 'model')


def test_what_a_model_refuses(exported):
    model = serving.load(exported)
    with pytest.raises(ValueError, match=r'tasks should name tasks'):
        model.predict(TABLE, ['cost'])
    with pytest.raises(ValueError, match=r"Missing: \['kind', 'colour'\]"):
        model.predict({'size': [1]})
