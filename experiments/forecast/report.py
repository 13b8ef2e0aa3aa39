"""What forecasts say: tables, a verdict, and every number."""

import json
from collections.abc import Mapping

import numpy as np

from experiments import program
from experiments.forecast.choice import Outcome, Plan
from experiments.forecast.windows import METRICS
from mtljax.analysis import Table

Outcomes = Mapping[str, Outcome]


def tables(outcomes: Outcomes, plan: Plan, references: list[str]) -> dict[str, Table]:
    """The tables by their titles.

    Args:
      outcomes: of every method.
      plan: what was judged where.
      references: the methods to whose WAPE the others' is set.
    """
    many = f'Mean over {len(plan.judged)} origins, {min(plan.judged)} to {max(plan.judged)}'
    days = len(plan.judged[plan.shown].days)
    return {
        many: _errors(outcomes, list(plan.judged), references),
        f'{days} days from {plan.shown}': _errors(outcomes, [plan.shown], references),
        'WAPE % at each origin': Table(
            ['method', *plan.judged],
            [
                [name, *(f'{found.errors[day]["wape"]:.2f}' for day in plan.judged)]
                for name, found in outcomes.items()
            ],
        ),
        f'Chosen on {len(plan.choice)} earlier origins': Table(
            ['method', 'settings tried', 'WAPE % there', 'chosen'],
            [
                [name, str(found.tried), f'{found.choice:.2f}', found.setting]
                for name, found in outcomes.items()
            ],
        ),
    }


def _errors(outcomes: Outcomes, origins: list[str], references: list[str]) -> Table:
    rows = []
    for name, found in outcomes.items():
        own = {metric: mean(found, origins, metric) for metric in METRICS}
        ratios = [own['wape'] / mean(outcomes[other], origins) for other in references]
        cells = [f'{own["wape"]:.2f}', f'{own["mae"]:,.0f}', f'{own["mape"]:.2f}']
        rows.append([name, *cells, *(f'{ratio:.2f}' for ratio in ratios)])
    against = [f'WAPE / {other}' for other in references]
    return Table(['method', 'WAPE %', 'MAE', 'MAPE %', *against], rows)


def mean(found: Outcome, origins: list[str], metric: str = 'wape') -> float:
    """The mean error over origins."""
    return float(np.mean([found.errors[day][metric] for day in origins]))


def verdict(outcomes: Outcomes, plan: Plan, best: str, references: list[str]) -> str:
    """How the method ``best`` compares with others, in words."""
    origins, own = list(plan.judged), outcomes[best]
    said = [f'Of the methods that share, {best} was best on the earlier origins.']
    for other in references:
        there = outcomes[other]
        lower = sum(own.errors[day]['wape'] < there.errors[day]['wape'] for day in origins)
        shown = own.errors[plan.shown]['wape'] / there.errors[plan.shown]['wape']
        said.append(
            f'Its WAPE is {mean(own, origins) / mean(there, origins):.2f} of that of {other} on '
            f'average and lower at {lower} of {len(origins)} origins; {shown:.2f} at {plan.shown}.'
        )
    return ' '.join(said)


def note(plan: Plan, task: str, seconds: float) -> str:
    """How it was measured."""
    earlier, known = list(plan.choice), plan.judged[plan.shown]
    return (
        f'Errors of {task} on the {len(known.days)} days from each origin, of which it has the '
        f'{len(known.known)} days before; MAE in units of the file, means over {len(plan.seeds)} '
        'seeds. Every method chose its setting by the mean WAPE over the origins '
        f'{earlier[0]} to {earlier[-1]}, with one seed; nothing was chosen on the others, whose '
        f'days overlap where origins are closer than {len(known.days)} days. {seconds:.0f} s.'
    )


def files(found: Mapping[str, Table], words: list[str], outcomes: Outcomes) -> dict[str, bytes]:
    """Tables and every number, by the names of their files."""
    parts = [*words, *(f'{title}:\n\n{table.markdown()}' for title, table in found.items())]
    plain = {
        name: {
            'tried': each.tried,
            'setting': each.setting,
            'choice wape': each.choice,
            'errors': each.errors,
            'forecasts': {day: rows.tolist() for day, rows in each.forecasts.items()},
        }
        for name, each in outcomes.items()
    }
    return {
        'table.md': ('\n\n'.join(parts) + '\n').encode(),
        'results.json': program.to_json(json.loads(json.dumps(plain))).encode(),
    }
