"""The Open Inference Protocol, with the client of Triton and with requests by hand."""

import json

import httpx
import jax
import numpy as np
import pytest
import tritonclient.http as triton

from mtljax import backbones, data, serving, sharing
from tests.serving.service import served
from tests.serving.shop import SCHEMA, write_model

SIZES = (1, 8)
CELLS = {
    'size': np.float32([1.5, np.nan, 3]),
    'kind': np.array(['b', 'new', ''], object),
    'colour': np.array(['x', 'y', 'x'], object),
}
NAMES = ['price', 'sold', 'style.class', 'style.probabilities']
TYPES = {'size': 'FP32', 'kind': 'BYTES', 'colour': 'BYTES'}


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('service') / 'model.zip')


@pytest.fixture(scope='module')
def url(path):
    with served(path, '--name=shop', '--max_rows=50', *(f'--size={size}' for size in SIZES)) as url:
        yield url


@pytest.fixture(scope='module')
def client(url):
    with triton.InferenceServerClient(url.removeprefix('http://')) as client:
        yield client


def inputs_of(cells, binary, types=TYPES):
    made = []
    for name, array in cells.items():
        made.append(triton.InferInput(name, array.shape, types[name]))
        made[-1].set_data_from_numpy(array, binary_data=binary)
    return made


def right_of(path, count=3):
    model = serving.load(path)
    cells = {name: array[:count].tolist() for name, array in CELLS.items()}
    found = model.answer(SCHEMA.encode(cells).inputs, SIZES)
    return {
        'price': found['price']['value'],
        'sold': found['sold']['probability'],
        'style.class': np.array(['u', 'v', 'w'])[found['style']['class']],
        'style.probabilities': found['style']['probabilities'],
    }


def texts(array):
    """Names as texts; JSON has texts, and bytes are those of texts."""
    if array.dtype != object:
        return array
    return np.array([x if isinstance(x, str) else x.decode() for x in array])


def test_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready('shop')
    assert client.is_model_ready('shop', '1')
    assert not client.is_model_ready('other')
    assert client.get_server_metadata()['extensions'] == ['binary_tensor_data']
    about = client.get_model_metadata('shop')
    assert about['versions'] == ['1']
    assert about['inputs'] == [
        {'name': name, 'datatype': kind, 'shape': [-1]} for name, kind in TYPES.items()
    ]
    assert [output['name'] for output in about['outputs']] == NAMES
    assert about['outputs'][3] == {
        'name': 'style.probabilities',
        'datatype': 'FP32',
        'shape': [-1, 3],
    }


@pytest.mark.parametrize('binary', [True, False])
@pytest.mark.parametrize('count', [1, 3])
def test_answers_are_those_of_predict_to_the_bit(client, path, binary, count):
    cells = {name: array[:count] for name, array in CELLS.items()}
    if not binary:
        cells = {**cells, 'size': np.nan_to_num(cells['size'], nan=1)}
    names = None if binary else [triton.InferRequestedOutput(n, binary_data=False) for n in NAMES]
    found = client.infer('shop', inputs_of(cells, binary), outputs=names, request_id='7')
    assert found.get_response()['id'] == '7'
    for name, right in right_of(path, count).items():
        array = texts(found.as_numpy(name))
        rows = slice(None) if binary else [at for at in range(count) if at != 1]  # 1 is no NaN here
        assert array.dtype == right.dtype
        np.testing.assert_array_equal(array[rows], right[rows])


def test_some_outputs_some_as_bytes(client, path):
    names = [
        triton.InferRequestedOutput('style.class', binary_data=False),
        triton.InferRequestedOutput('price', binary_data=True),
    ]
    found = client.infer('shop', inputs_of(CELLS, True), outputs=names, model_version='1')
    assert [output['name'] for output in found.get_response()['outputs']] == [
        'style.class',
        'price',
    ]
    right = right_of(path)
    np.testing.assert_array_equal(found.as_numpy('price'), right['price'])
    assert found.get_output('style.class')['data'] == right['style.class'].tolist()


def tensor(name, datatype, data, **more):
    return {'name': name, 'datatype': datatype, 'shape': [len(data)], 'data': data, **more}


GOOD = [
    tensor('size', 'FP64', [1.5, None, 3]),
    tensor('kind', 'BYTES', ['b', 'new', None]),
    tensor('colour', 'BYTES', ['x', 'y', 'x']),
]


def infer(url, inputs, **more):
    return httpx.post(f'{url}/v2/models/shop/infer', json={'inputs': inputs, **more}, timeout=60)


def test_json_alone_and_other_types(url, path):
    for size in (
        GOOD[0],
        tensor('size', 'BYTES', ['1.5', '', '3']),
        {**GOOD[0], 'shape': [3, 1], 'data': [[1.5], [None], [3.0]]},
    ):
        found = infer(url, [size, *GOOD[1:], tensor('note', 'BOOL', [True])])
        assert found.status_code == 200, found.text
        data = found.json()['outputs'][0]['data']
        np.testing.assert_array_equal(np.float32(data), right_of(path)['price'])
    whole = infer(
        url,
        [
            tensor('size', 'INT8', [3]),
            *({**t, 'shape': [1], 'data': t['data'][2:]} for t in GOOD[1:]),
        ],
    )
    assert whole.json()['outputs'][0]['data'][0] == pytest.approx(data[2], rel=1e-6)


@pytest.mark.parametrize(
    ('inputs', 'more', 'status', 'said'),
    [
        (GOOD[:2], {}, 422, "Input 'colour' is missing"),
        ([*GOOD, GOOD[0]], {}, 422, 'names that differ'),
        ([tensor('size', 'FP32', [1]), *GOOD[1:]], {}, 422, 'one number of rows'),
        ([tensor('size', 'FP33', [1])], {}, 422, 'datatype should be one of'),
        ([tensor('size', 'FP32', [1, 2], shape=[3])], {}, 422, '3 values. Found 2'),
        ([tensor('size', 'FP32', [[1]], shape=[1, 2])], {}, 422, 'lists that fit the shape'),
        ([tensor('size', 'FP32', [1], shape=[1 << 40])], {}, 422, 'a list of 1 to 8 sizes'),
        ([tensor('size', 'FP32', [1], shape=[True])], {}, 422, 'a list of 1 to 8 sizes'),
        ([tensor('size', 'FP32', [1], shape=[51])], {}, 413, 'at most 50 rows'),
        ([tensor('size', 'FP32', [])], {}, 422, 'There should be a row'),
        ([tensor('size', 'FP32', [True])], {}, 422, 'Found another one at place 0'),
        ([tensor('size', 'INT8', [300])], {}, 422, 'values that fit INT8'),
        ([tensor('size', 'FP32', [10**400])], {}, 422, 'values that fit FP32'),
        ([tensor('size', 'BYTES', [7])], {}, 422, 'values of the type BYTES'),
        ([tensor('size', 'BYTES', ['1', 'big', '3']), *GOOD[1:]], {}, 422, "Column 'size', row 2"),
        ([tensor('size', 'FP64', [1, 2, 1e300]), *GOOD[1:]], {}, 422, "Column 'size'"),
        ([{**GOOD[0], 'shape': [3, 2], 'data': [1] * 6}, *GOOD[1:]], {}, 422, 'should be [3]'),
        ([{'name': 'size', 'datatype': 'FP32', 'shape': [1]}], {}, 422, 'either data or'),
        ([tensor('size', 'FP32', [1], parameters=[])], {}, 422, 'parameters should be'),
        (
            [tensor('size', 'FP32', [1], parameters={'shared_memory_region': 'a'})],
            {},
            422,
            'does not know the parameter',
        ),
        ([7], {}, 422, 'a list of tensors'),
        (GOOD, {'outputs': [{'name': 'cost'}]}, 422, 'some of'),
        (GOOD, {'outputs': [{'name': 'price'}, {'name': 'price'}]}, 422, 'names that differ'),
        (GOOD, {'parameters': {'binary_data_output': 1}}, 422, 'true or false'),
        (GOOD, {'id': 7}, 422, 'id should be a text'),
    ],
)
def test_bad_requests_are_refused(url, inputs, more, status, said):
    done = infer(url, inputs, **more)
    assert done.status_code == status, done.text
    assert said in done.json()['error']


def one(size, **more):
    return {
        'name': 'size',
        'datatype': 'FP32',
        'shape': [1],
        'parameters': {'binary_data_size': size},
        **more,
    }


@pytest.mark.parametrize(
    ('inputs', 'length', 'rest', 'status', 'said'),
    [
        ([one(4)], '0', b'1234', 400, 'should be the number of bytes of JSON'),
        ([one(4)], '-1', b'1234', 400, 'should be the number of bytes of JSON'),
        ([one(4)], '9' * 30, b'1234', 400, 'should be the number of bytes of JSON'),
        ([one(4)], 'ten', b'1234', 400, 'should be the number of bytes of JSON'),
        ([one(4)], '9999', b'1234', 400, 'should be the number of bytes of JSON'),
        ([one(4)], '5', b'1234', 400, 'should be JSON'),
        ([one(4)], None, b'123', 400, '4 more bytes. Found 3'),
        ([one(4)], None, b'12345', 400, 'should belong to a tensor'),
        ([one(3)], None, b'123', 422, '4 bytes. Found 3'),
        ([one(-4)], None, b'', 422, 'either data or'),
        ([one(4, data=[1])], None, b'1234', 422, 'either data or'),
        ([one(5, datatype='BYTES')], None, b'\2\0\0\0a', 422, 'Found only 0 whole ones'),
        ([one(6, datatype='BYTES')], None, b'\1\0\0\0ab', 422, 'Found 1 more bytes'),
        ([one(5, datatype='BYTES')], None, b'\1\0\0\0\xff', 422, 'texts in UTF-8'),
        ([one(0, datatype='BYTES', shape=[1, 1 << 30])], None, b'', 422, 'only 0 whole ones'),
    ],
)
def test_bad_bytes_are_refused(url, inputs, length, rest, status, said):
    start = json.dumps({'inputs': inputs}).encode()
    headers = {'Inference-Header-Content-Length': length or str(len(start))}
    path = f'{url}/v2/models/shop/infer'
    done = httpx.post(path, content=start + rest, headers=headers, timeout=60)
    assert done.status_code == status, done.text
    assert said in done.json()['error']


def test_paths(url):
    for path, status in {
        '/v2': 200,
        '/v2/models/shop': 200,
        '/v2/models/shop/versions/1': 200,
        '/v2/models/shop/versions/2': 404,
        '/v2/models/other': 404,
        '/v2/models/shop/infer': 405,
        '/v2/models': 404,
    }.items():
        assert httpx.get(url + path).status_code == status, path


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    """A model of arrays."""
    sets = data.digits(train=4, validation=2, test=2)
    model, inputs = sharing.hard(backbones.mlp((8,)), sets.heads), sets.test.arrays.inputs
    path = tmp_path_factory.mktemp('digits') / 'model.zip'
    serving.export(path, model, sets.tasks, model.init(jax.random.key(0), inputs), inputs)
    return path, inputs


def test_a_model_of_arrays(digits):
    path, inputs = digits
    sent = triton.InferInput('inputs', inputs.shape, 'FP32')
    sent.set_data_from_numpy(inputs)
    right = serving.load(path).answer(inputs, SIZES)
    with served(path, *(f'--size={size}' for size in SIZES)) as url:
        with triton.InferenceServerClient(url.removeprefix('http://')) as client:
            found = client.infer('model', [sent])
        for task, part in (('left', 'class'), ('right', 'probabilities')):
            np.testing.assert_array_equal(found.as_numpy(f'{task}.{part}'), right[task][part])
        path = f'{url}/v2/models/model/infer'
        for array, said in (
            (tensor('inputs', 'FP32', [1, 2]), 'the shape should be'),
            (
                {**tensor('inputs', 'FP64', [0] * inputs[0].size), 'shape': [1, *inputs.shape[1:]]},
                'type should be FP32',
            ),
        ):
            done = httpx.post(path, json={'inputs': [array]})
            assert (done.status_code, said in done.text) == (422, True), done.text
        assert httpx.post(f'{url}/predict', json=[]).status_code == 404
        assert httpx.get(f'{url}/model').json()['columns'] == {}
