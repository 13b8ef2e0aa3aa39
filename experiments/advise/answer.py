"""The answer in words."""

import math

from experiments.advise.advise import Advice
from experiments.advise.choice import Choice
from experiments.advise.proposals import name_of
from experiments.compare.methods import BASELINE


def sentences(advice: Advice) -> list[str]:
    """Return what to use, how sure this is, and why. The first sentence is the advice."""
    choice, raced = advice.choice, advice.race
    told = [_use(choice), _sure(advice)]
    told += _why(advice)
    if not advice.alone:
        told.append(
            'There was no time to train each task alone, so changes are against hard sharing.'
        )
    if unknown := advice.scores.unknown():
        told.append(f'Not counted, because validation has no number: {", ".join(unknown)}.')
    if raced.left_out:
        names = ', '.join(each.method for each in raced.left_out)
        told.append(f'There was no time for: {names}.')
    refused = {**advice.refused, **choice.refused}
    told += [f'{method} was left out: {why}.' for method, why in refused.items()]
    failed = {m: run.error for m, each in raced.runs.items() for run in each if run.error}
    told += [f'{method} failed: {why}' for method, why in failed.items()]
    if advice.share < 1:
        told.append(
            f'All trainings had {advice.share:g} of the steps of the config. With all steps, the '
            'differences may be smaller or larger.'
        )
    return told


def _use(choice: Choice) -> str:
    if choice.method == BASELINE:
        return 'Use one network per task: no way of sharing was better.'
    words = 'hard sharing, equal weights and the plain sum, the default'
    return f'Use {words if choice.method == "hard" else choice.method}.'


def _sure(advice: Advice) -> str:
    choice = advice.choice
    if not choice.seeds:
        return 'Nothing else was trained to its end.'
    by = f'{abs(choice.difference):.2g} % {"better" if choice.difference < 0 else "worse"}'
    name = 'One network per task' if choice.best == BASELINE else choice.best
    if math.isnan(choice.half):
        return (
            f'{name} is {by} than the default on validation, with one seed: this may be noise. A '
            'larger budget gives intervals.'
        )
    interval = f'{by} than the default on validation, ± {choice.half:.2g} % (95 % interval'
    interval = f'{interval}, {choice.seeds} seeds)'
    if choice.is_sure:
        return f'{name} is {interval}.'
    return f'Nothing is better than the default beyond noise. {name} is {interval}.'


def _why(advice: Advice) -> list[str]:
    told, found = [], advice.evidence
    if found.branching is not None:
        branching = found.branching
        if branching.conflicts.any():
            told.append(
                f'Gradients conflict first at stage {branching.at} of {len(branching.stages)}, '
                'counted from 0. There, these groups agree: '
                f'{name_of(branching.groups)}.'
            )
        else:
            told.append('At no stage do the gradients of two tasks conflict in the mean.')
    if math.isfinite(found.magnitude):
        told.append(
            f'The norms of two task gradients have a similarity of {found.magnitude:.2f} in the '
            'mean (1: equal, 0: one is much larger).'
        )
    if found.transfer is not None:
        how = 'were trained' if found.is_measured else 'were not trained, but estimated'
        told.append(f'All {_count(len(found.transfer))} pairs of tasks {how}.')
    told += [f'{why} {name_of(groups)}' for why, groups in found.groups.items()]
    return told


def _count(tasks: int) -> int:
    return tasks * (tasks - 1) // 2
