"""What the restrictions of the user leave of the proposals, before anything is trained."""

from collections.abc import Sequence

import numpy as np

from experiments import build
from experiments.advise.lab import Lab, Proposal
from experiments.advise.request import Request
from experiments.compare.latency import parameters, seconds_of
from experiments.program import UsageError


def within(
    lab: Lab, proposals: Sequence[Proposal], request: Request
) -> tuple[list[Proposal], dict[str, str]]:
    """Return the proposals that can be trained and are small and fast enough, and why not others.

    Args:
      lab: It builds the models.
      proposals: The proposals.
      request: The restrictions.

    Returns:
      The allowed proposals, and ``{method: why it is left out}``.
    """
    allowed, refused = [], {}
    for proposal in proposals:
        try:
            built = lab.runs.setup(lab.cell(proposal))
            build.check(built)
        except UsageError as error:
            refused[proposal.method] = f'it does not fit: {error!s:.300}'
            continue
        why = _too_large(built, request)
        if why:
            refused[proposal.method] = why
        else:
            allowed.append(proposal)
    return allowed, refused


def milliseconds(setups: Sequence[build.Setup]) -> float:
    """Return the median time in which models answer one row, one after the other."""
    return 1e3 * float(np.median(seconds_of({'': setups}, 1)['']))


def _too_large(built: build.Setup, request: Request) -> str:
    if request.max_parameters is not None:
        count = parameters([built])
        if count > request.max_parameters:
            return f'it has {count:,} parameters'
    if request.max_latency is not None:
        time = milliseconds([built])
        if time > request.max_latency:
            return f'it answers one row in {time:.2f} ms'
    return ''
