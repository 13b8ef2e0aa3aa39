"""The steps of a conversion, and what it prints."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax

from experiments import build
from experiments.convert import moves, read, write
from experiments.convert.read import Source
from experiments.show import show
from mtljax import analysis, training
from mtljax.analysis import Table
from mtljax.base import TrainState
from mtljax.training import Results


class Request(NamedTuple):
    """What a user asks for.

    Attributes:
      source: the folder of a run.
      scheme: the new one.
      workdir: a new folder.
      newest: the newest checkpoint, not the best.
      noise: of experts.
      options: ``'field.of.the.config=value'``.
    """

    source: Path
    scheme: str
    workdir: Path
    newest: bool = False
    noise: float = 0.0
    options: Sequence[str] = ()


def convert(request: Request) -> str:
    """Write the new run, print what it costs and how good it is; the command that trains on.

    Raises:
      UsageError: the source holds no checkpoint, there is no such move, models do not fit, or the
        new folder is not empty.
    """
    write.check_free(request.workdir)
    config = read.config_of(request.source)
    scheme = read.scheme_of(config)
    steps = moves.steps_between(scheme, request.scheme, request.noise)
    source = read.read(request.source, config, newest=request.newest)
    config = write.config_for(config, request.scheme, request.options)
    alike = build.prepared_by(config) == build.prepared_by(source.config)
    ready = source.ready if alike else build.prepare(config)
    built = build.setup(config, ready)
    state = _moved(source, steps, built, ready.backbone, config.seed, request.noise)
    x = read.one_example(source.built.dataset)
    models = {scheme: source.built.model, request.scheme: built.model}
    costs = {name: analysis.cost(model, x) for name, model in models.items()}
    show(analysis.cost_table(costs), 'Cost', 'of a forward pass of one example')
    before, after = _results(source.built, source.state), _results(built, state)
    names = [f'{scheme}, step {source.step}', f'{request.scheme}, step 0']
    show(_side_by_side(names, before, after), 'Validation')
    write.write(request.workdir, config, built, state, after)
    folder = request.workdir
    return f'python -m experiments.train --config={folder}/config.py --workdir={folder}'


def _moved(
    source: Source, steps, built: build.Setup, backbone, seed: int, noise: float
) -> TrainState:
    fresh = read.fresh_state(built, seed)
    params, state = moves.moved(
        steps,
        (source.state.params, source.state.state),
        (fresh.params, fresh.state),
        built.dataset,
        backbone,
        jax.random.fold_in(jax.random.key(seed), 1),
        noise,
    )
    return fresh._replace(params=params, state=state, opt_state=built.tx.init(params))


def _results(built: build.Setup, state: TrainState) -> Results:
    dataset = built.dataset
    return training.evaluate(built.model, dataset.tasks, state, dataset.validation)


def _side_by_side(names: list[str], before: Results, after: Results) -> Table:
    rows = [
        [task, name, f'{value:.4f}', f'{after[task][name]:.4f}']
        for task, row in before.items()
        for name, value in row.items()
    ]
    return Table(['task', 'metric', *names], rows)
