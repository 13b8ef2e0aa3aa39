"""docs/surgery.md: every row of its table gives what the library's source says it computes.

The libraries are not run: their definitions are restated here, on top of the oracles.
"""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import surgery
from tests.helpers import sampled
from tests.surgery import oracles

PAGE = (Path(__file__).parents[2] / 'docs' / 'surgery.md').read_text()
ROWS = [
    [cell.strip().strip('`') for cell in line.split('|')[1:-1]]
    for line in PAGE.splitlines()
    if re.match(r'\| (LibMTL|TorchJD|nash-mtl):', line)
]
BY_NAME = {row[0]: row for row in ROWS}
FEW = [name for name in BY_NAME if name.startswith('LibMTL')]
T, KEY = 3, jax.random.key(7)
RNG = np.random.default_rng(1)
SHARED, OWN = RNG.normal(size=(T, 5)), RNG.normal(size=(T, 2))
LOSSES = np.array([1.0, 2.0, 0.5])
ORDERS = [np.asarray(jax.random.permutation(k, T)) for k in jax.random.split(KEY, T)]


def clipped(update):
    return update / max(1, np.linalg.norm(update))


def shared_of(library, J):
    """The library's update of the shared parameters, from the oracle of its method."""
    name = library.split(': ')[1]
    uniforms = jax.random.uniform(jax.random.fold_in(KEY, 0), J.shape[1:], jnp.float64)
    return {
        'EW': lambda: J.sum(0),
        'Mean': lambda: J.mean(0),
        'ls': lambda: J.sum(0),
        'PCGrad': lambda: oracles.pcgrad(J, ORDERS),
        'pcgrad': lambda: oracles.pcgrad(J, ORDERS),
        'GradVac': lambda: oracles.gradvac(J, ORDERS, np.zeros((T, T)), 0.5)[0],
        'GradDrop': lambda: oracles.graddrop(J, np.asarray(uniforms), 0.0),
        'MGDA': lambda: oracles.mgda(J, 'none', LOSSES),
        'mgda': lambda: T * oracles.mgda(J, 'none', LOSSES),
        'CAGrad': lambda: oracles.cagrad(J, 0.5, '1+c^2' if 'LibMTL' in library else 'none'),
        'cagrad': lambda: T * oracles.cagrad(J, 0.4, '1+c^2'),
        'IMTLG': lambda: oracles.imtl_g(J),
        'imtl': lambda: oracles.imtl_g(J),
        'Nash_MTL': lambda: clipped(oracles.nash_mtl(J, None)),
        'NashMTL': lambda: clipped(oracles.nash_mtl(J, None)),
        'nashmtl': lambda: clipped(oracles.nash_mtl(J, None)),
        'AlignedMTL': lambda: oracles.aligned_mtl(J) / T,
        'UPGrad': lambda: oracles.upgrad(J),
        'DualProj': lambda: oracles.dualproj(J),
        'ConFIG': lambda: oracles.conflict_free(J),
        'FairGrad': lambda: oracles.fairgrad(J, 1.0),
        'ExcessMTL': lambda: J.sum(0),
        'TrimmedMean': lambda: oracles.trimmed_mean(J, 1),
    }[name]()


def scale_of(text, norm):
    """``d / g`` for the text of the second column."""
    c = 0.4 if text.startswith('T (1+c)') else 0.5
    return {
        'T g': T,
        'g': 1,
        '(1+c) g': 1 + c,
        '(1+c)/(1+c^2) g': (1 + c) / (1 + c**2),
        'T (1+c)/(1+c^2) g': T * (1 + c) / (1 + c**2),
        'g/abs(g)': 1 / norm,
        'sqrt(T) g/abs(g)': T**0.5 / norm,
    }[text]


def heads_of(library, J, own):
    """Weighted heads: by the weights with which the library's shared update is made."""
    name = library.split(': ')[1]
    before_clip = {
        'Nash_MTL': lambda: oracles.nash_mtl(J, None),
        'nashmtl': lambda: oracles.nash_mtl(J, None),
    }
    update = before_clip.get(name, lambda: shared_of(library, J))()
    weights = np.linalg.lstsq(J.T, update, rcond=None)[0]
    return weights @ own


def run(code, shared, own):
    clip_shared = optax.masked(optax.clip_by_global_norm(1.0), {'shared': True, 'task': False})
    scope = {'surgery': surgery, 'optax': optax, 'on_shared': surgery.on_shared}
    tx = eval(code, scope | {'clip_shared': clip_shared})
    params = {'shared': jnp.zeros(5), 'task': {'heads': dict.fromkeys('cab', jnp.zeros(2))}}
    rows = {'shared': jnp.asarray(shared), 'task': {'heads': dict.fromkeys('cab', own)}}
    extra = {'losses': jnp.asarray(LOSSES), 'key': KEY}
    return tx.update(rows, tx.init(params), params, **extra)[0]


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize('name', sampled(BY_NAME, FEW))
def test_row(name):
    library, equal, heads, order, code = BY_NAME[name]
    found = run(code, SHARED, jnp.asarray(OWN))
    np.testing.assert_allclose(found['shared'], shared_of(library, SHARED), rtol=1e-6, atol=1e-9)
    weighted = heads.startswith('weighted')
    expected = heads_of(library, SHARED, OWN) if weighted else OWN.sum(0)
    np.testing.assert_allclose(found['task']['heads']['a'], expected, rtol=1e-6, atol=1e-9)
    same = np.broadcast_to(SHARED[:1], SHARED.shape)
    scale = scale_of(equal, np.linalg.norm(SHARED[0]))
    np.testing.assert_allclose(
        run(code, same, jnp.asarray(OWN))['shared'], scale * SHARED[0], rtol=1e-6
    )
    assert order == ('drawn per task' if 'pcgrad' in code or 'gradvac' in code else '-')


def test_every_library_and_the_common_methods_are_in_the_table():
    assert len(ROWS) >= 25
    names = ' '.join(row[-1] for row in ROWS)
    for method in ('pcgrad', 'cagrad', 'mgda', 'nash_mtl', 'upgrad', 'imtl_g', 'fairgrad'):
        assert f'surgery.{method}(' in names
