"""MMoE on a table, as a user would write it in eager PyTorch."""

from typing import Any

import numpy as np

from experiments.benchmark import pytorch
from experiments.benchmark.sharing_pytorch import Twin
from mtljax.base import Dataset
from mtljax.data import batch_indices

_EXPERTS, _WIDTH, _TOWER, _EMBEDDING = 8, 16, 8, 4


def mmoe(dataset: Dataset, batch_size: int, steps: int, rate: float) -> Twin:
    """Return steps of Adam on host batches, with one embedding per column and lists of modules.

    Args:
      dataset: A data set with binary tasks on categorical and numeric columns.
      batch_size: The batch size of a step.
      steps: The number of steps per run.
      rate: The learning rate.

    Raises:
      UsageError: PyTorch is missing.
    """
    lib, start, where = pytorch.library(), 0, pytorch.device()
    parts = tables, experts, gates, towers = _modules(lib.nn, dataset, where)
    weights = [w for part in parts for w in part.parameters()]
    optimiser = lib.optim.Adam(weights, lr=rate)
    entropy = lib.nn.functional.binary_cross_entropy_with_logits

    def losses(batch):
        columns = lib.from_numpy(batch.inputs['categorical']).to(where).unbind(1)
        embedded = [table(column + 1) for table, column in zip(tables, columns, strict=True)]
        x = lib.cat([*embedded, lib.from_numpy(batch.inputs['numeric']).to(where)], dim=1)
        rows = lib.stack([expert(x) for expert in experts])
        targets = batch.targets.values()
        for gate, tower, target in zip(gates, towers, targets, strict=True):
            mixed = lib.einsum('be,ebf->bf', gate(x).softmax(dim=1), rows)
            yield entropy(tower(mixed)[:, 0], lib.from_numpy(target).to(where).float())

    def run():
        nonlocal start
        for row in batch_indices(dataset.train.size, batch_size, 0, start, start + steps):
            optimiser.zero_grad()
            lib.stack(list(losses(dataset.train.take(row)))).sum().backward()
            optimiser.step()
        start += steps
        pytorch.wait()

    def last():
        return [loss.item() for loss in losses(dataset.train.take(np.arange(batch_size)))]

    return Twin(run, last)


def _modules(nn: Any, dataset: Dataset, where: Any) -> tuple[Any, ...]:
    counts, numeric = dataset.inputs['cardinalities'], dataset.inputs['numeric']
    width = _EMBEDDING * len(counts) + numeric

    def dense(size):
        return nn.Sequential(nn.Linear(width, size), nn.ReLU())

    parts = (
        [nn.Embedding(count + 1, _EMBEDDING) for count in counts],
        [dense(_WIDTH) for _ in range(_EXPERTS)],
        [nn.Linear(width, _EXPERTS) for _ in dataset.tasks],
        [
            nn.Sequential(nn.Linear(_WIDTH, _TOWER), nn.ReLU(), nn.Linear(_TOWER, 1))
            for _ in dataset.tasks
        ],
    )
    return tuple(nn.ModuleList(each).to(where) for each in parts)
