"""What a conversion prints: the cost and the quality of both models."""

from typing import Any

import jax

from experiments.convert.configs import scheme_of
from experiments.convert.move import Moved
from experiments.convert.read import Source
from experiments.convert.request import Plan
from experiments.show import show
from mtljax import analysis
from mtljax.analysis import Table
from mtljax.base import Dataset


def report(plan: Plan, source: Source, moved: Moved) -> None:
    """Print the cost of a forward pass of both models, and their results on validation."""
    before, after = scheme_of(plan.config), scheme_of(moved.config)
    x = _one_example(source.built.dataset)
    models = {before: source.built.model, after: moved.built.model}
    costs = {scheme: analysis.cost(model, x) for scheme, model in models.items()}
    show(analysis.cost_table(costs), 'Cost', 'of a forward pass of one example')
    show(_results(f'{before}, step {source.saved.step}', f'{after}, step 0', moved), 'Validation')


def _one_example(dataset: Dataset) -> Any:
    """Return the shapes of the inputs of one example."""

    def first(leaf):
        return jax.ShapeDtypeStruct((1, *leaf.shape[1:]), leaf.dtype)

    return jax.tree.map(first, dataset.train.example.inputs)


def _results(before: str, after: str, moved: Moved) -> Table:
    rows = [
        [task, metric, f'{value:.4f}', f'{moved.after[task][metric]:.4f}']
        for task, metrics in moved.before.items()
        for metric, value in metrics.items()
    ]
    return Table(['task', 'metric', before, after], rows)
