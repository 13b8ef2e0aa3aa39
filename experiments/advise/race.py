"""Successive halving: all proposals with few seeds, then the better half with more seeds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments import program
from experiments.advise.lab import Lab, Proposal
from experiments.advise.scores import Scores
from experiments.compare.run import Run

ROUNDS = (3, 6, 9)  # seeds, of the better half each time: 3 new ones use the same program again
_KEPT = 0.3  # of the budget, for the rounds after the first one


class Race(NamedTuple):
    """What was trained.

    Attributes:
      proposals: The proposals that were trained, ``{method: proposal}``.
      runs: ``{method: runs}``.
      first: The seeds of the first round, which chose who went on.
      left_out: The proposals for which there was no time.
    """

    proposals: Mapping[str, Proposal]
    runs: Mapping[str, list[Run]]
    first: Sequence[int]
    left_out: Sequence[Proposal]

    def finalists(self) -> list[str]:
        """Return the methods with the most seeds."""
        most = max(len(runs) for runs in self.runs.values())
        return [method for method, runs in self.runs.items() if len(runs) == most]


def race(
    lab: Lab,
    default: Proposal,
    proposals: Sequence[Proposal],
    scores: Scores,
    seeds: Sequence[int],
) -> Race:
    """Train the default and the proposals, as long as there is time.

    Args:
      lab: It trains them.
      default: The default, which every round trains.
      proposals: The proposals, the most promising first.
      scores: How good runs are.
      seeds: The seeds of the first round.
    """
    runs, known = {default.method: lab.train(default, seeds)}, {default.method: default}
    left_out = []
    for proposal in proposals:
        if lab.fits(proposal, seeds, _KEPT * lab.clock.budget):
            _say(lab, f'{proposal.method}: {proposal.why}')
            runs[proposal.method] = lab.train(proposal, seeds)
            known[proposal.method] = proposal
        else:
            left_out.append(proposal)
    for count in ROUNDS:
        more = [seeds[0] + index for index in range(count)]
        if count <= len(seeds):
            continue
        going = _better_half(runs, default.method, scores)
        chosen = [known[method] for method in (default.method, *going)]
        while len(chosen) > 1 and sum(lab.cost(each, more) for each in chosen) > lab.clock.left:
            chosen.pop()
        if len(chosen) == 1:
            break
        _say(lab, f'{count} seeds: {", ".join(each.method for each in chosen)}')
        runs |= {each.method: lab.train(each, more) for each in chosen}
    return Race(known, runs, seeds, left_out)


def _better_half(runs: Mapping[str, list[Run]], default: str, scores: Scores) -> list[str]:
    """Return the better half of the methods with the most seeds, without the default."""
    most = max(map(len, runs.values()))
    means = {
        method: sum(found.values()) / len(found)
        for method, each in runs.items()
        if method != default
        and len(each) == most
        and (found := scores.by_seed(each))
        and len(found) == most
    }
    ranked = sorted(means, key=means.__getitem__)
    return ranked[: max(1, (len(ranked) + 1) // 2)]


def _say(lab: Lab, text: str) -> None:
    left = max(0, round(lab.clock.left))
    program.console.print(f'[{left} s left] {text}', markup=False, highlight=False)
