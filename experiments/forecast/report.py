"""The tables of a forecast, a verdict in words, and every number."""

import json
from collections.abc import Mapping

import numpy as np

from experiments import program
from experiments.forecast.choice import Outcome, Plan
from experiments.forecast.windows import METRICS
from mtljax.analysis import Table

Outcomes = Mapping[str, Outcome]


def tables(outcomes: Outcomes, plan: Plan, references: list[str]) -> dict[str, Table]:
    """Return the tables by their titles.

    Args:
      outcomes: The results of every method.
      plan: The origins and seeds.
      references: The methods whose WAPE divides the WAPE of the others.
    """
    many = f'Mean over {len(plan.judged)} origins, {min(plan.judged)} to {max(plan.judged)}'
    days = len(plan.judged[plan.shown].days)
    return {
        many: _errors(outcomes, list(plan.judged), references),
        f'{days} days from {plan.shown}': _errors(outcomes, [plan.shown], references),
        'WAPE % at each origin': Table(
            ['method', *plan.judged],
            [
                [name, *(f'{outcome.errors[day]["wape"]:.2f}' for day in plan.judged)]
                for name, outcome in outcomes.items()
            ],
        ),
        f'Chosen on {len(plan.choice)} earlier origins': Table(
            ['method', 'settings tried', 'WAPE % there', 'chosen'],
            [
                [name, str(outcome.tried), f'{outcome.choice:.2f}', outcome.setting]
                for name, outcome in outcomes.items()
            ],
        ),
    }


def _errors(outcomes: Outcomes, origins: list[str], references: list[str]) -> Table:
    rows = []
    for name, outcome in outcomes.items():
        means = {metric: mean(outcome, origins, metric) for metric in METRICS}
        ratios = [means['wape'] / mean(outcomes[other], origins) for other in references]
        cells = [f'{means["wape"]:.2f}', f'{means["mae"]:,.0f}', f'{means["mape"]:.2f}']
        rows.append([name, *cells, *(f'{ratio:.2f}' for ratio in ratios)])
    against = [f'WAPE / {other}' for other in references]
    return Table(['method', 'WAPE %', 'MAE', 'MAPE %', *against], rows)


def mean(outcome: Outcome, origins: list[str], metric: str = 'wape') -> float:
    """Return the mean error over origins."""
    return float(np.mean([outcome.errors[day][metric] for day in origins]))


def verdict(outcomes: Outcomes, plan: Plan, best: str, references: list[str]) -> str:
    """Compare the method ``best`` with the references, in words."""
    origins, winner = list(plan.judged), outcomes[best]
    sentences = [f'Among the methods that share, {best} was best on the earlier origins.']
    for name in references:
        other = outcomes[name]
        lower = sum(winner.errors[day]['wape'] < other.errors[day]['wape'] for day in origins)
        shown = winner.errors[plan.shown]['wape'] / other.errors[plan.shown]['wape']
        sentences.append(
            f'Its WAPE is {mean(winner, origins) / mean(other, origins):.2f} times the WAPE of '
            f'{name} on average, and lower at {lower} of {len(origins)} origins; {shown:.2f} at '
            f'{plan.shown}.'
        )
    return ' '.join(sentences)


def note(plan: Plan, task: str, seconds: float) -> str:
    """Return a note that says how the numbers were obtained."""
    earlier, known = list(plan.choice), plan.judged[plan.shown]
    return (
        f'Errors of {task} on the {len(known.days)} days from each origin; the methods know the '
        f'{len(known.known)} days before it. MAE is in units of the file. Means over '
        f'{len(plan.seeds)} seeds. Every method chose its setting by the mean WAPE over the '
        f'origins {earlier[0]} to {earlier[-1]}, with one seed. The other origins were not used '
        'for any choice; their days overlap where origins are closer than '
        f'{len(known.days)} days. {seconds:.0f} s.'
    )


def files(tables: Mapping[str, Table], words: list[str], outcomes: Outcomes) -> dict[str, bytes]:
    """Return the content of the files by name: the tables, and every number."""
    parts = [*words, *(f'{title}:\n\n{table.markdown()}' for title, table in tables.items())]
    plain = {
        name: {
            'tried': outcome.tried,
            'setting': outcome.setting,
            'choice wape': outcome.choice,
            'errors': outcome.errors,
            'forecasts': {day: rows.tolist() for day, rows in outcome.forecasts.items()},
        }
        for name, outcome in outcomes.items()
    }
    return {
        'table.md': ('\n\n'.join(parts) + '\n').encode(),
        'results.json': program.to_json(json.loads(json.dumps(plain))).encode(),
    }
