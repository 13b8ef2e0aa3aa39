"""Two processes train one model, with both strategies, to what one process would."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import sys
import jax
rank, port, parallel, out = sys.argv[1:]
if port != '0':
    jax.distributed.initialize(f'127.0.0.1:{port}', num_processes=2, process_id=int(rank))
import numpy as np
import optax
from mtljax import backbones, data, sharing, surgery, training
digits = data.digits(train=64, validation=16, test=16)
model = sharing.hard(backbones.mlp((8,)), digits.heads)
tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
options = dict(steps=10, batch_size=16, log_every=5, parallel=parallel, workdir=out)
result = training.train(model, digits, tx, **options)
leaves = jax.tree.leaves(jax.device_get(result.best.params))
np.save(f'{out}/{rank}.npy', np.concatenate([leaf.ravel() for leaf in leaves]))
"""


def launch(rank, port, parallel, out):
    environment = {k: v for k, v in os.environ.items() if k != 'XLA_FLAGS'}
    environment['JAX_PLATFORMS'] = 'cpu'
    command = [sys.executable, '-c', SCRIPT, str(rank), str(port), parallel, str(out)]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=root, stdout=pipe, stderr=pipe)


def finish(process):
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()[-2000:]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp('alone')
    finish(launch(0, 0, 'jit', out))
    return np.load(out / '0.npy')


@pytest.mark.parametrize('parallel', ['jit', 'pmap'])
def test_two_processes_equal_one(parallel, alone, tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    processes = [launch(rank, port, parallel, tmp_path) for rank in range(2)]
    for process in processes:
        finish(process)
    for rank in range(2):
        np.testing.assert_allclose(np.load(tmp_path / f'{rank}.npy'), alone, atol=1e-5)
    assert (tmp_path / 'checkpoints' / '10').exists()
