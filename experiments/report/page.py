"""A whole page: one file with its own style and script, and a policy that allows nothing else."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

from experiments.report.markup import Html, element, joined
from mtljax.files import write_text

_HERE = Path(__file__).parent


class Section(NamedTuple):
    """A part of a page. A section without a body is left out."""

    title: str
    body: Html


class Page(NamedTuple):
    """What a page shows.

    Attributes:
      kind: What the page reports, such as ``'Comparison'``.
      title: The title.
      found: What was found, as sentences. The first one is the verdict.
      facts: A few numbers, ``{what: number}``.
      sections: The parts, from top to bottom.
    """

    kind: str
    title: str
    found: Sequence[str]
    facts: Mapping[str, str]
    sections: Sequence[Section]


def write_page(path: Path, page: Page) -> None:
    """Write a page as one file.

    Args:
      path: The path of the file.
      page: The page.

    Raises:
      WriteError: The file cannot be written.
    """
    write_text(path, markup_of(page))


def markup_of(page: Page) -> str:
    """Return the text of the file of a page."""
    style, script = (_HERE.joinpath(f'page.{end}').read_text('utf-8') for end in ('css', 'js'))
    policy = (
        f"default-src 'none'; script-src '{_sum_of(script)}'; style-src '{_sum_of(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    sections = [section for section in page.sections if section.body]
    return Template(_HERE.joinpath('page.html').read_text('utf-8')).substitute(
        policy=element('meta', {'http-equiv': 'Content-Security-Policy', 'content': policy}),
        name=joined([page.title]),
        kind=joined([page.kind]),
        style=style,
        script=script,
        found=joined(_found(page.found)),
        facts=_facts(page.facts),
        contents=joined(_link(at, section) for at, section in enumerate(sections)),
        sections=joined(_section(at, section) for at, section in enumerate(sections)),
    )


def _sum_of(content: str) -> str:
    return f'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'


def _found(sentences: Sequence[str]) -> list[Html]:
    return [
        element('p', {'class': 'verdict' if at == 0 else 'found'}, sentence)
        for at, sentence in enumerate(sentences)
    ]


def _facts(facts: Mapping[str, str]) -> Html:
    rows = [
        element('div', {}, element('dt', {}, what), element('dd', {}, value))
        for what, value in facts.items()
    ]
    return element('dl', {'class': 'numbers'}, *rows) if rows else Html()


def _link(at: int, section: Section) -> Html:
    return element('li', {}, element('a', {'href': f'#part-{at}'}, section.title))


def _section(at: int, section: Section) -> Html:
    title = element('h2', {'id': f'title-{at}'}, section.title)
    around = {'id': f'part-{at}', 'aria-labelledby': f'title-{at}'}
    return element('section', around, title, section.body)
