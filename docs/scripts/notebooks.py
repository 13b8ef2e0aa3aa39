"""Tutorials as notebooks: a script with ``# %%`` cells becomes an executed notebook and a page."""

from pathlib import Path

import jupytext
import nbformat
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor

ROOT = Path(__file__).parents[2]


def executed(script: Path) -> nbformat.NotebookNode:
    """The notebook of a script, with its outputs; cells run in the root of the checkout."""
    notebook = jupytext.read(script)
    runner = ExecutePreprocessor(timeout=600, kernel_name='python3')
    return runner.preprocess(notebook, {'metadata': {'path': str(ROOT)}})[0]


def page(notebook: nbformat.NotebookNode, name: str) -> str:
    """A page of the site: text, code and printed outputs, and a link to the notebook."""
    text, _ = MarkdownExporter().from_notebook_node(notebook)
    title, rest = text.lstrip().split('\n', 1)
    return f'{title}\n\n[Download this page as a notebook]({name}.ipynb).\n{rest}'
