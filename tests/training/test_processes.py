"""Two processes train one model, with both strategies, to what one process would."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

BEGIN = """
import sys
import jax
rank, port, out = sys.argv[1:]
jax.distributed.initialize(f'127.0.0.1:{port}', num_processes=2, process_id=int(rank))
import numpy as np
from tests.training.test_processes import flat, trained
"""

TRAIN = """
for parallel in ('jit', 'pmap'):
    np.save(f'{out}/{parallel}-{rank}.npy', flat(trained(parallel, f'{out}/{parallel}')))
"""


STOP = """
from mtljax.training import StoppedError
asked = iter([False, rank == '1', rank == '1'])
try:
    trained('jit', f'{out}/run', steps=20, stop=lambda: next(asked))
except StoppedError as error:
    assert error.step == 10, error
else:
    raise AssertionError
"""

GO_ON = """
np.save(f'{out}/{rank}.npy', flat(trained('jit', f'{out}/run', steps=20)))
"""


def trained(parallel, workdir=None, **options):
    import optax

    from mtljax import backbones, data, sharing, surgery, training

    digits = data.digits(train=64, validation=16, test=16)
    model = sharing.hard(backbones.mlp((8,)), digits.heads)
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
    options = {'steps': 10, 'batch_size': 16, 'log_every': 5, 'parallel': parallel, **options}
    return training.train(model, digits, tx, workdir=workdir, **options).best.params


def flat(params):
    return np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(jax.device_get(params))])


def launch(script, rank, port, out):
    environment = {k: v for k, v in os.environ.items() if k != 'XLA_FLAGS'}
    environment['JAX_PLATFORMS'] = 'cpu'
    command = [sys.executable, '-c', BEGIN + script, str(rank), str(port), str(out)]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=root, stdout=pipe, stderr=pipe)


def run(script, out):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    said = []
    for process in [launch(script, rank, port, out) for rank in range(2)]:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()[-2000:]
        said.append(errors.decode())
    return said


@pytest.mark.exhaustive
def test_two_processes_equal_one(tmp_path):
    run(TRAIN, tmp_path)
    expected = flat(trained('jit'))
    for parallel in ('jit', 'pmap'):
        for rank in range(2):
            params = np.load(tmp_path / f'{parallel}-{rank}.npy')
            np.testing.assert_allclose(params, expected, atol=1e-5)
        assert (tmp_path / parallel / 'checkpoints' / '10').exists()


@pytest.mark.exhaustive
def test_a_stop_and_a_damaged_checkpoint(tmp_path):
    run(STOP, tmp_path)  # only process 1 is asked to stop
    folder = tmp_path / 'run' / 'checkpoints'
    (folder / '10' / 'progress' / 'metadata').write_bytes(b'{}')
    said = run(GO_ON, tmp_path)
    assert [text.count('It was moved to') for text in said] == [1, 0]
    assert (folder / 'damaged' / '10').exists()
    assert (folder / '20').exists()
    expected = flat(trained('jit', steps=20))
    for rank in range(2):
        np.testing.assert_allclose(np.load(tmp_path / f'{rank}.npy'), expected, atol=1e-5)
