"""Answer for the rows of a new table, or for arrays, with a trained run.

python -m experiments.predict --workdir=RUN --input=NEW.csv --output=PRED.csv [--tasks=a,b]
[--keep=id] [--batch_size=1024]

The columns of a table may have any order. The program counts empty cells, unknown categories and
columns that the run does not know. A missing column is an error. A table is read and written in
parts, so it may have any size. The output has one row per row of the input, in the same order:

- a regression has one column with the name of the task, in its unit;
- a class has the columns TASK.class, and TASK.probabilities.CLASS for each class;
- an event, 0 or 1, has one column with its probability.

With --keep, columns of the input are copied to the output. If the input has labels, the program
prints the metrics. With --output=PRED.npz, the answers are arrays with the names TASK.PART.

For a run on a text, the input is a file of text, or a table with the column `text`. The output has
one row per word, with the columns `row` (of a table) and `word`. The texts should be like that of
the run: words are found, and brought to lower case, as in training.

The inputs of a run on other data are arrays: a file .npy, or a file .npz with one array for each
input. The output is then a file .npz. A run on stored features takes the original inputs.
"""

from absl import flags

from experiments import program
from experiments.predict import arrays, table, texts
from experiments.predict.request import Request, open_run

_WORKDIR = flags.DEFINE_string('workdir', None, 'The folder of a run of experiments.train.')
_INPUT = flags.DEFINE_string(
    'input', None, 'The table (.csv, .parquet, .arrow), the text, or arrays (.npy, .npz).'
)
_OUTPUT = flags.DEFINE_string('output', None, 'The file of the answers: .csv, .parquet or .npz.')
_TASKS = flags.DEFINE_list('tasks', [], 'The tasks that answer. By default, all do.')
_KEEP = flags.DEFINE_list('keep', [], 'Columns of the input that are copied to the output.')
_DELIMITER = flags.DEFINE_string(
    'delimiter', None, 'The character between fields. The default is that of the run.'
)
_ENCODING = flags.DEFINE_string(
    'encoding', None, 'The encoding of a file of text. The default is that of the run.'
)
_BATCH_SIZE = flags.DEFINE_integer('batch_size', 1024, 'The rows of a batch.', lower_bound=1)
_TRUST = program.define_trust()


def main() -> None:
    """Run the program."""
    request = Request(
        _WORKDIR.value,
        _INPUT.value,
        _OUTPUT.value,
        tuple(_TASKS.value),
        tuple(_KEEP.value),
        _DELIMITER.value,
        _ENCODING.value,
        _BATCH_SIZE.value,
    )
    run = open_run(request, _TRUST.value)
    answer = arrays.answer if run.schema is None else table.answer
    if run.text is not None and texts.is_text(request):
        answer = texts.answer
    program.console.print(answer(run, request), markup=False)


if __name__ == '__main__':
    program.run(main)
