"""Read the parameters of the best or newest checkpoint of the source."""

from typing import NamedTuple

from experiments import build
from experiments.convert.request import Plan
from experiments.program import UsageError
from mtljax import training


class Source(NamedTuple):
    """The run that is converted.

    Attributes:
      ready: The data and the backbone of its config.
      built: The model, the optimiser and the options of its config.
      saved: The parameters in the checkpoint.
    """

    ready: build.Prepared
    built: build.Setup
    saved: training.Saved


def read(plan: Plan) -> Source:
    """Read a run. Its folder does not change.

    Raises:
      UsageError: There is no whole checkpoint, or it belongs to another model or to other data.
    """
    ready = build.prepare(plan.config)
    built = build.setup(plan.config, ready)
    source, newest = plan.request.source, plan.request.newest
    try:
        saved = training.load(source, built.model, built.dataset, newest=newest)
    except (OSError, ValueError) as error:
        raise UsageError(
            f'{error} If a training writes to {source} now, start the conversion again. Or else '
            'choose another --from.'
        ) from error
    return Source(ready, built, saved)
