"""Draws the pictures of the pages on concepts.

python docs/scripts/pictures.py
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from mtljax import backbones, data, gradients, heads, sharing

DOCS = Path(__file__).parents[1]
SHARED, TASKS, PALE = '#3f51b5', ['#00897b', '#ef6c00', '#8e24aa'], '#eceff1'
TASK_NAMES = ('a', 'b', 'c')
mpl.rcParams.update({'svg.hashsalt': 'mtljax', 'font.size': 11})


def save(figure, name):
    """Write one SVG that is the same at every run."""
    path = DOCS / 'concepts' / f'{name}.svg'
    figure.savefig(path, bbox_inches='tight', metadata={'Date': None, 'Creator': None})


def canvas(width, height):
    """A figure without axes, in units of inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis('off')
    return figure, axes


def box(axes, x, y, text, colour=PALE, width=1.5, height=0.5):
    """A rounded box around its centre, with dark or light text."""
    style = 'round,pad=0,rounding_size=0.08'
    corner = (x - width / 2, y - height / 2)
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, fc=colour, ec='none'))
    text_colour = 'black' if colour == PALE else 'white'
    axes.text(x, y, text, ha='center', va='center', color=text_colour)


def arrow(axes, start, end, colour='#546e7a', style='-|>', bend=0.0):
    """An arrow between two points."""
    path = f'arc3,rad={bend}'
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle=style, mutation_scale=12, color=colour, connectionstyle=path
        )
    )


def tree():
    """The parameters of the model on the page, with the shapes of the leaves."""
    digits = data.digits(train=4, validation=2, test=2)
    model = sharing.hard(backbones.mlp((32, 16)), digits.heads)
    params, _ = jax.eval_shape(model.init, jax.random.key(0), digits.train.example.inputs)
    kernel = {
        str(path[-3].key): tuple(leaf.shape)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
        if path[-1].key == 'kernel'
    }
    figure, axes = canvas(7, 3.3)
    links = {
        (3.5, 3.0): [(1.9, 2.0), (5.1, 2.0)],
        (1.9, 2.0): [(1.0, 0.8), (2.8, 0.8)],
        (5.1, 2.0): [(4.6, 0.8), (6.2, 0.8)],
    }
    for start, ends in links.items():
        for end in ends:
            axes.plot(*zip(start, end, strict=True), color='#90a4ae', zorder=0)
    box(axes, 3.5, 3.0, 'params')
    box(axes, 1.9, 2.0, "'shared'", SHARED)
    box(axes, 5.1, 2.0, "'task' / 'heads'", '#546e7a', 2.0)
    names = {'stage0': SHARED, 'stage1': SHARED, 'left': TASKS[0], 'right': TASKS[1]}
    for x, (name, colour) in zip((1.0, 2.8, 4.6, 6.2), names.items(), strict=True):
        shape = ' x '.join(map(str, kernel[name]))
        box(axes, x, 0.8, f"'{name}'\nkernel {shape}", colour, 1.55, 0.7)
    axes.text(1.9, 0.15, 'reached by both losses', ha='center')
    axes.text(5.4, 0.15, 'each reached by one loss', ha='center')
    save(figure, 'tree')


def cut():
    """One forward pass, and one pullback of the trunk for each task."""
    figure, axes = canvas(7.4, 3.4)
    box(axes, 0.5, 1.7, 'x', width=0.6)
    box(axes, 2.2, 1.7, 'trunk', SHARED, 1.6, 0.9)
    box(axes, 4.0, 1.7, 'z', width=0.6)
    arrow(axes, (0.8, 1.7), (1.4, 1.7))
    arrow(axes, (3.0, 1.7), (3.7, 1.7))
    for index, (y, colour) in enumerate(zip((2.8, 1.7, 0.6), TASKS, strict=True)):
        box(axes, 5.5, y, f'head {index + 1}', colour, 1.2)
        box(axes, 6.9, y, f'$L_{index + 1}$', width=0.7)
        arrow(axes, (4.3, 1.7), (4.9, y))
        arrow(axes, (6.1, y), (6.55, y))
        arrow(axes, (4.9, y - 0.14), (4.3, 1.55), colour, bend=-0.15)
        low = 0.95 - 0.22 * index
        axes.annotate('', (1.4, low), (3.0, low), arrowprops={'arrowstyle': '-|>', 'color': colour})
        axes.text(1.3, low, f'$g_{index + 1}$', color=colour, ha='right', va='center')
    axes.plot([4.0, 4.0], [0.15, 3.25], ls=':', color='black', zorder=0)
    axes.text(4.0, 3.3, 'the cut', ha='center')
    axes.text(2.2, 2.45, 'forward once,\nback once per task', ha='center')
    axes.text(5.95, 0.02, 'forward and back once', ha='center')
    save(figure, 'cut')


def table_rows(*names):
    """Rows of the table of engines in performance.md: the median times and the MiB."""
    rows = {}
    for line in (DOCS / 'performance.md').read_text().splitlines():
        cells = [cell.strip() for cell in line.split('|')[1:-1]]
        if len(cells) == 12 and cells[0] in names:
            times = [1.0, *(float(cell.split()[0]) for cell in cells[1:5])]
            rows[cells[0]] = times, [float(cell) for cell in cells[5:10]]
    return rows


def engines():
    """Time and memory of the engines, from the table in performance.md."""
    rows = table_rows('4 x 1024, batch 64, T = 40', '3 x 256, batch 256, T = 4')
    labels = ['plain sum', 'batched', 'loop', 'lean', 'representation']
    figure = Figure(figsize=(5.8, 4.8), layout='constrained')
    grid = figure.subplots(2, 2, sharey=True)
    for axes_row, (name, columns) in zip(grid, rows.items(), strict=True):
        for axes, values, unit in zip(axes_row, columns, ('time / sum time', 'MiB'), strict=True):
            colours = ['#90a4ae', SHARED, SHARED, SHARED, '#c5cae9']
            bars = axes.barh(labels, values, color=colours)
            axes.bar_label(bars, [f'{value:,.4g}' for value in values], padding=3)
            axes.set(xlabel=f'{unit} (log scale)', xscale='log', title=name)
            axes.xaxis.set_tick_params(which='both', labelbottom=False, length=0)
            axes.margins(x=0.4)
            axes.spines[['top', 'right']].set_visible(False)
            axes.title.set_fontsize(10)
    grid[0][0].invert_yaxis()
    save(figure, 'engines')


def masks():
    """Labels of a batch: one task with all of them, one with some, one with none."""
    rng = np.random.default_rng(1)
    mask = np.stack([np.ones(16, bool), rng.random(16) < 0.4, np.zeros(16, bool)])
    figure, axes = canvas(7.4, 2.2)
    for row, (labels, colour) in enumerate(zip(mask, TASKS, strict=True)):
        y = 1.6 - 0.5 * row
        axes.text(0.1, y, f'mask[{TASK_NAMES[row]!r}]', va='center', family='monospace')
        for column, label in enumerate(labels):
            box(axes, 1.6 + 0.27 * column, y, '', colour if label else PALE, 0.23, 0.36)
        count = f'mean over {labels.sum()}' if labels.any() else 'inactive'
        axes.text(6.0, y, count, va='center')
    axes.text(3.6, 2.0, 'examples of one batch', ha='center')
    save(figure, 'masks')


def reach(scheme, **options):
    """``{subtree: [T]}``: which losses have a gradient in each subtree of a scheme."""
    model = scheme(backbones.mlp((8, 4)), dict.fromkeys(TASK_NAMES, heads.linear()), **options)
    x = jax.random.normal(jax.random.key(1), (16, 5))
    params, state = model.init(jax.random.key(0), x)

    def losses_of(params):
        return jnp.stack([(y**2).mean() for y in model.apply(params, state, x)[0].values()])

    rows = gradients.task_gradients(losses_of, params)[1].stacked()
    cells = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(rows):
        keys = [str(key.key) for key in path]
        name = '/'.join(keys[: 3 if keys[0] == 'task' else 2])
        reached = np.asarray(leaf).reshape(len(TASK_NAMES), -1).any(1)
        cells[name] = cells.get(name, False) | reached
    return cells


def shared():
    """Which losses reach which subtree, for three schemes."""
    panels = {
        'hard': reach(sharing.hard),
        'mmoe': reach(sharing.mmoe, num_experts=4),
        'cross_stitch': reach(sharing.cross_stitch),
    }
    figure = Figure(figsize=(8.4, 3.4), layout='constrained')
    for axes, (title, cells) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for row, (name, reached) in enumerate(cells.items()):
            for column, filled in enumerate(reached):
                colour = SHARED if name.startswith('shared') else TASKS[column]
                box(axes, column, row, '', colour if filled else PALE, 0.85, 0.8)
        axes.set(title=title, xlim=(-0.6, 2.6), ylim=(len(cells) - 0.4, -0.6))
        axes.set_yticks(range(len(cells)), list(cells), fontsize=9)
        axes.set_xticks(range(3), [f'loss {name}' for name in TASK_NAMES], fontsize=9)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    save(figure, 'shared')


if __name__ == '__main__':
    for draw in (tree, cut, engines, masks, shared):
        draw()
