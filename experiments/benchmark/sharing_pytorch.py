"""MMoE, as a user would write it in eager PyTorch: lists of experts, gates and heads."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from experiments.benchmark import pytorch
from experiments.benchmark.timing import Contender
from mtljax import trees
from mtljax.base import Batch


class Twin(NamedTuple):
    """The same network in another library.

    Attributes:
      run: A function that runs the steps.
      losses: A function that returns the loss of every task, before the next step.
    """

    run: Contender
    losses: Callable[[], list[float]]


def mmoe(params: Mapping[str, Any], batch: Batch, steps: int, rate: float) -> Twin:
    """Return steps of Adam on the summed squared errors.

    Args:
      params: The parameters of `sharing.mmoe`, from which the PyTorch network starts.
      batch: The batch of every step.
      steps: The number of steps per run.
      rate: The learning rate.

    Raises:
      UsageError: PyTorch is missing.
    """
    lib = pytorch.library()
    modules = experts, gates, towers = _modules(lib.nn, params)
    optimiser = lib.optim.Adam([w for part in modules for w in part.parameters()], lr=rate)
    x = pytorch.tensor(batch.inputs)
    targets = [pytorch.tensor(batch.targets[name]) for name in params['task']['heads']]

    def losses():
        rows = lib.stack([expert(x) for expert in experts])
        for gate, tower, target in zip(gates, towers, targets, strict=True):
            mixed = lib.einsum('be,ebf->bf', gate(x).softmax(dim=1), rows)
            yield lib.nn.functional.mse_loss(tower(mixed)[:, 0], target)

    def run():
        for _ in range(steps):
            optimiser.zero_grad()
            lib.stack(list(losses())).sum().backward()
            optimiser.step()
        pytorch.wait()

    return Twin(run, lambda: [loss.item() for loss in losses()])


def _modules(nn: Any, params: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return experts, gates and heads, each as a list of modules."""
    task = params['task']
    experts = [
        [stage['Dense_0'] for stage in expert.values()]
        for expert in trees.unstack(params['shared']['experts'])
    ]
    return (
        nn.ModuleList([_dense(nn, layers, linear=0) for layers in experts]),
        nn.ModuleList([_dense(nn, list(gate.values())) for gate in task['gates'].values()]),
        nn.ModuleList([_dense(nn, list(head.values())) for head in task['heads'].values()]),
    )


def _dense(nn: Any, layers: list[Mapping[str, Any]], linear: int = 1) -> Any:
    """Return dense layers with a ReLU after each, except after the last ``linear`` layers."""
    modules = []
    for at, layer in enumerate(layers):
        dense = nn.Linear(*layer['kernel'].shape)
        values = {'weight': layer['kernel'].T, 'bias': layer['bias']}
        dense.load_state_dict({name: pytorch.tensor(value) for name, value in values.items()})
        modules += [dense, nn.ReLU()] if at < len(layers) - linear else [dense]
    return nn.Sequential(*modules).to(pytorch.device())
