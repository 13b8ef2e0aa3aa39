"""Models as files of ONNX and as folders for Triton: they answer as the run does."""

import importlib.util
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.selfcheck.export import check as check_exports
from mtljax import Task, backbones, build, data, heads, serving, sharing
from mtljax.base import Module
from mtljax.serving._onnx import convert
from mtljax.serving._onnx.check import check
from tests.serving.runs import TABLE, applied, assert_near, datasets, run_of

EXTRA = 'jax2onnx', 'onnx', 'onnxruntime', 'tritonclient'
MISSING = [name for name in EXTRA if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f'make test-extras tests this: {MISSING}')


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return run_of(datasets(tmp_path_factory.mktemp('onnx')), 'mmoe')


@pytest.fixture(scope='module')
def exported(run, tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'model.onnx'
    build.export_onnx(run, path, results={'price': {'rmse': 3.0}})
    return path


def session_of(path):
    import onnxruntime

    return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])


def answers_of(session, inputs):
    names = [output.name for output in session.get_outputs()]
    found = {}
    for name, value in zip(names, session.run(names, inputs), strict=True):
        task, part = name.split('.')
        found.setdefault(task, {})[part] = value
    return found


@pytest.mark.parametrize('name', ['resnet large', 'independent', 'task_token'])
def test_answers_are_those_of_the_model(name, capsys):
    check_exports([name])
    said = capsys.readouterr().out
    assert said.count('onnx ') == (1 if name != 'independent' else 2)


def test_a_file_has_all_that_a_user_needs(run, exported):
    session = session_of(exported)
    about = session.get_modelmeta().custom_metadata_map
    manifest, schema = json.loads(about['manifest']), json.loads(about['schema'])
    assert list(manifest['tasks']) == ['price', 'sold', 'style']
    assert manifest['test'] == {'price': {'rmse': 3.0}}
    assert manifest['step'] == 7
    for count in (3, 2, 1):
        table = {name: cells[:count] for name, cells in TABLE.items()}
        inputs = data.Schema.from_json(schema).encode(table).inputs
        assert_near(answers_of(session, inputs), applied(run, table))
    assert [path.name for path in exported.parent.iterdir()] == ['model.onnx']


def test_the_lines_of_the_page(run, exported, monkeypatch):
    page = (Path(__file__).parents[2] / 'docs' / 'serving.md').read_text()
    (lines,) = [part for part in page.split('```') if 'InferenceSession' in part]
    code = lines.replace("{'rooms': [2, 3], 'kind': ['a', None]}", 'TABLE')
    assert code != lines
    monkeypatch.chdir(exported.parent)
    scope = {'TABLE': TABLE}
    exec(compile(code, 'serving.md', 'exec'), scope)
    right = applied(run, TABLE)['price']['value']
    np.testing.assert_allclose(scope['answers']['price.value'], right, rtol=1e-5)


def test_the_program_is_lean(exported):
    import onnx

    proto = onnx.load(exported)
    onnx.checker.check_model(proto)
    read = {name for node in proto.graph.node for name in node.input}
    assert {array.name for array in proto.graph.initializer} <= read
    assert {
        axis.dim_param
        for value in proto.graph.input
        for axis in value.type.tensor_type.shape.dim[:1]
    } == {'rows'}


def test_some_tasks_and_an_existing_file(run, tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_bytes(b'old')
    manifest = build.export_onnx(run, path, tasks=['style'])
    assert list(manifest['tasks']) == ['style']
    found = answers_of(session_of(path), run.schema.encode(TABLE).inputs)
    assert_near(found, applied(run, TABLE, ['style']))


def test_a_folder_for_triton(run, exported, tmp_path):
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    folder = tmp_path / 'shop'
    build.export_triton(run, folder)
    config = model_config_pb2.ModelConfig()
    text_format.Parse((folder / 'config.pbtxt').read_text(), config)
    assert (config.name, config.backend, config.max_batch_size) == ('shop', 'onnxruntime', 512)
    assert config.HasField('dynamic_batching')
    session = session_of(folder / '1' / 'model.onnx')
    kinds = {
        'tensor(float)': 'TYPE_FP32',
        'tensor(int32)': 'TYPE_INT32',
        'tensor(uint8)': 'TYPE_UINT8',
    }
    both = (session.get_inputs(), config.input), (session.get_outputs(), config.output)
    for values, tensors in both:
        assert [value.name for value in values] == [tensor.name for tensor in tensors]
        for value, tensor in zip(values, tensors, strict=True):
            dims = tensor.reshape.shape if tensor.HasField('reshape') else tensor.dims
            assert list(dims) == value.shape[1:]
            assert tensor.dims
            assert model_config_pb2.DataType.Name(tensor.data_type) == kinds[value.type]
    schema = data.Schema.from_json(json.loads((folder / 'schema.json').read_text()))
    assert_near(answers_of(session, schema.encode(TABLE).inputs), applied(run, TABLE))
    assert list(json.loads((folder / 'manifest.json').read_text())['tasks']) == [
        'price',
        'sold',
        'style',
    ]
    with pytest.raises(ValueError, match='There should be nothing at'):
        build.export_triton(run, folder)
    with pytest.raises(ValueError, match='letters, digits and'):
        build.export_triton(run, tmp_path / 'my shop')
    assert [path.name for path in tmp_path.iterdir()] == ['shop']


def written(tmp_path, head, dtype=None):
    """Write a model with one task."""
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    tasks = {'a': Task(head, lambda y, t: y)}
    model = sharing.hard(backbones.mlp((8,), dtype=dtype), {'a': head})
    variables = model.init(jax.random.key(0), x)
    serving.export_onnx(tmp_path / 'model.onnx', model, tasks, variables, x)


def test_what_cannot_be_converted(tmp_path, monkeypatch):
    def call_python(x):
        shape = jax.ShapeDtypeStruct(x.shape[:1], x.dtype)
        return jax.pure_callback(lambda y: np.sum(y, axis=1), shape, x)

    plain = heads.linear()
    odd = Module(plain.init, lambda p, s, x, **_: (call_python(x), s))
    with pytest.raises(ValueError, match=r'operations that can be converted to ONNX\. Found'):
        written(tmp_path, odd)
    with pytest.raises(ValueError, match='onnxruntime should run the program'):
        written(tmp_path, plain, jnp.bfloat16)
    monkeypatch.setattr(convert, '_LARGEST', 10)
    with pytest.raises(ValueError, match='but the format holds 10'):
        written(tmp_path, plain)
    assert not list(tmp_path.iterdir())


def test_a_wrong_program_is_found(run, exported):
    params = jax.tree.map(jnp.asarray, run.saved.params)
    answer = serving.program(run.model, run.tasks)

    def wrong(inputs):
        found = answer(params, run.saved.state, inputs)
        return {**found, 'price': {'value': found['price']['value'] * 1.0001}}

    content = exported.read_bytes()
    check(content, lambda x: answer(params, run.saved.state, x), run.example)
    with pytest.raises(ValueError, match=r"a difference of 1\.0e-04 in 'price\.value'"):
        check(content, wrong, run.example)
