"""What fewer bits of the weights change."""

from mtljax import build, serving, training
from mtljax.build import Run
from mtljax.training import Results, Saved


def changes(run: Run, tasks: list[str], dtype: str) -> tuple[Results, Results]:
    """Return the results on the test split, with all bits of the weights and with fewer.

    Args:
      run: The run, whose data set is read.
      tasks: The tasks. An empty list means all tasks.
      dtype: How the weights are stored; see `mtljax.build.export`.

    Raises:
      ValueError: A task is unknown, or the data cannot be read.
    """
    model, params, state = build.needed(run, tasks)
    both = (params, state), serving.rounded(params, state, dtype)
    chosen = {name: run.tasks[name] for name in model.tasks}
    before, after = (
        training.evaluate(model, chosen, Saved(*each, 0, model.tasks, {}), run.dataset.test)
        for each in both
    )
    return before, after


def report(before: Results, after: Results, dtype: str) -> str:
    """Return a line for each metric.

    >>> print(report({'a': {'loss': 0.5}}, {'a': {'loss': 0.51}}, 'int8'))
    test results with float32 and with int8:
    a loss: 0.5, 0.51
    """
    lines = [f'test results with float32 and with {dtype}:']
    for task, row in before.items():
        lines += [f'{task} {name}: {row[name]:.6g}, {after[task][name]:.6g}' for name in row]
    return '\n'.join(lines)
