"""The steps of the suite surgery in PyTorch: by hand, with TorchJD, and with LibMTL."""

import importlib
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmark import pytorch
from experiments.benchmark.networks import RATE, Step
from experiments.benchmark.pytorch_layers import dense_module, trunk_module
from experiments.benchmark.timing import Contender
from experiments.program import UsageError
from mtljax import trees

LIBRARIES = ('torch', 'torchjd', 'libmtl')
_TOLERANCE = 5e-3  # products may be in TF32
_TORCHJD: dict[str, Callable[[Any, int], Any]] = {
    'sum': lambda lib, tasks: lib.Sum(),
    'pcgrad': lambda lib, tasks: lib.PCGrad(),
    'mgda': lambda lib, tasks: lib.MGDA(),
    'cagrad': lambda lib, tasks: lib.CAGrad(c=0.4),
    'nash_mtl': lambda lib, tasks: lib.NashMTL(n_tasks=tasks),
    'upgrad': lambda lib, tasks: lib.UPGrad(),
    'fairgrad': lambda lib, tasks: lib.FairGrad(alpha=2.0),
}
_LIBMTL: dict[str, tuple[str, dict[str, Any]]] = {
    'sum': ('EW', {}),
    'pcgrad': ('PCGrad', {}),
    'mgda': ('MGDA', {'mgda_gn': 'none'}),
    'cagrad': ('CAGrad', {'calpha': 0.4, 'rescale': 1}),
    'nash_mtl': ('Nash_MTL', {'update_weights_every': 1, 'optim_niter': 20, 'max_norm': 1.0}),
    'upgrad': ('UPGrad', {'UPGrad_norm_eps': 1e-4, 'UPGrad_reg_eps': 1e-4}),
    'fairgrad': ('FairGrad', {'FairGrad_alpha': 2.0}),
}


def check_installed(libraries: Sequence[str], libmtl: str | None) -> None:
    """Check that the libraries can be imported, and that all their methods can be made.

    Some methods of TorchJD need packages of their own.

    Args:
      libraries: Names in `LIBRARIES`.
      libmtl: The folder of a clone of LibMTL.

    Raises:
      UsageError: A library is missing.
    """
    if 'libmtl' in libraries:
        if libmtl is None:
            raise UsageError(
                '--peers=libmtl needs --libmtl=PATH, a clone of its repository. Found no --libmtl.'
            )
        sys.path.append(libmtl)
    modules = {'torch': 'torch', 'torchjd': 'torchjd.autojac', 'libmtl': 'LibMTL.weighting'}
    for library in libraries:
        try:
            importlib.import_module(modules[library])
            if library == 'torchjd':
                aggregation = importlib.import_module('torchjd.aggregation')
                for make in _TORCHJD.values():
                    make(aggregation, 2)
        except ImportError as error:
            raise UsageError(
                f'--peers={library} needs an installed {library}. Found an error: {error}. '
                'Install it.'
            ) from error


def contender(
    library: str, method: str, step: Step, tasks: Sequence[str], count: int
) -> Contender | None:
    """Return a function that runs ``count`` steps of the same network from the same parameters.

    Returns:
      The function, or None if the library does not have the method.

    Raises:
      AssertionError: The losses differ from the losses of mtljax.
    """
    torch = pytorch.library()
    torch.manual_seed(0)
    random.seed(0)
    twin = _Twin(torch, step, tasks)
    known = {'torch': _BY_HAND, 'torchjd': _TORCHJD, 'libmtl': _LIBMTL}[library]
    if method not in known:
        return None
    run = {'torch': _by_hand, 'torchjd': _torchjd, 'libmtl': _libmtl}[library](twin, method)
    _, info = step.compiled(jax.tree.map(jnp.copy, step.state), step.batch)
    ours = [float(info['loss'][name]) for name in tasks]
    np.testing.assert_allclose(twin.losses().detach().cpu().numpy(), ours, rtol=_TOLERANCE)

    def steps():
        for _ in range(count):
            run()
        pytorch.wait()

    return steps


class _Twin:
    """A trunk and heads in PyTorch, with the parameters of a compiled step."""

    def __init__(self, torch, step: Step, tasks: Sequence[str]):
        self.torch, self.names = torch, list(tasks)
        params = step.state.params
        self.x = pytorch.tensor(step.batch.inputs)
        self.targets = pytorch.tensor([step.batch.targets[n] for n in self.names])
        gates = params['task'].get('gates')
        self.gates = gates and [dense_module(gates[n]) for n in self.names]
        shared = params['shared']
        self.trunks = torch.nn.ModuleList(
            [trunk_module(expert) for expert in trees.unstack(shared['experts'])]
            if self.gates
            else [trunk_module(shared)]
        )
        self.heads = [dense_module(params['task']['heads'][n]) for n in self.names]
        per_task = [w for part in (*self.heads, *(self.gates or ())) for w in part.parameters()]
        self.shared = list(self.trunks.parameters())
        self.optimiser = torch.optim.Adam([*self.shared, *per_task], lr=RATE)

    def features(self):
        rows = [trunk(self.x) for trunk in self.trunks]
        return self.torch.stack(rows) if self.gates else rows[0]

    def read(self, z, index: int):
        """The loss of one task on the features."""
        if self.gates:
            weights = self.gates[index](self.x).softmax(dim=1)
            z = self.torch.einsum('be,ebf->bf', weights, z)
        return ((self.heads[index](z)[:, 0] - self.targets[index]) ** 2).mean()

    def each(self, z):
        return [self.read(z, index) for index in range(len(self.names))]

    def losses(self):
        return self.torch.stack(self.each(self.features()))


def _by_hand(twin: _Twin, method: str) -> Contender:
    """Run the heads once and the backward pass of the trunk per task, and weight by the Gramian."""
    torch = twin.torch

    def plain():
        twin.optimiser.zero_grad()
        twin.losses().sum().backward()
        twin.optimiser.step()

    def surgery():
        twin.optimiser.zero_grad()
        z = twin.features()
        cut = [z.detach().requires_grad_() for _ in twin.names]
        torch.stack([twin.read(leaf, i) for i, leaf in enumerate(cut)]).sum().backward()
        rows = [torch.autograd.grad(z, twin.shared, leaf.grad, retain_graph=True) for leaf in cut]
        rows = torch.stack([torch.cat([leaf.reshape(-1) for leaf in row]) for row in rows])
        weights = pytorch.tensor(_BY_HAND[method]((rows @ rows.T).cpu().numpy()))
        combined, start = weights @ rows, 0
        for leaf in twin.shared:
            leaf.grad = combined[start : start + leaf.numel()].view_as(leaf)
            start += leaf.numel()
        twin.optimiser.step()

    return plain if method == 'sum' else surgery


def _pcgrad(gramian):
    """Return the weights of PCGrad; the projections act on coefficients."""
    tasks, order = len(gramian), np.random.default_rng(0)
    weights = np.eye(tasks, dtype=gramian.dtype)
    for task in range(tasks):
        for other in order.permutation(tasks):
            along = weights[task] @ gramian[:, other]
            if other != task and along < 0:
                weights[task, other] -= along / gramian[other, other]
    return weights.sum(axis=0)


_BY_HAND: dict[str, Callable[[Any], Any]] = {
    'sum': lambda gramian: np.ones(len(gramian)),
    'pcgrad': _pcgrad,
}


def _torchjd(twin: _Twin, method: str) -> Contender:
    autojac = importlib.import_module('torchjd.autojac')
    library = importlib.import_module('torchjd.aggregation')
    aggregator = _TORCHJD[method](library, len(twin.names))

    def run():
        twin.optimiser.zero_grad()
        z = twin.features()
        autojac.mtl_backward(twin.each(z), features=z)
        autojac.jac_to_grad(twin.shared, aggregator)
        twin.optimiser.step()

    return run


def _libmtl(twin: _Twin, method: str) -> Contender:
    """Return the weighting classes of LibMTL on the same modules, with its training loop."""
    weighting = importlib.import_module('LibMTL.weighting')
    name, options = _LIBMTL[method]

    model = getattr(weighting, name)()
    model.get_share_params = twin.trunks.parameters
    model.zero_grad_share_params = lambda: twin.trunks.zero_grad(set_to_none=False)
    model.task_num, model.task_name, model.rep_grad = len(twin.names), twin.names, False
    model.device, model.epoch = pytorch.device(), 0
    model.init_param()

    def run():
        losses = twin.losses()
        twin.optimiser.zero_grad(set_to_none=False)
        model.backward(losses, **options)
        twin.optimiser.step()

    return run
