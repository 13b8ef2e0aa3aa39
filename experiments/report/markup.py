"""HTML from functions. Every text is escaped, except markup that these functions made."""

import html
import re
from collections.abc import Iterable, Mapping

_VOID = ('circle', 'line', 'meta', 'path', 'rect', 'wbr')
_CONTROL = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]')  # HTML has no such characters


class Html(str):
    """Markup. A plain string is text, and is escaped where it becomes part of markup."""


def text(content: object) -> Html:
    """Return a text as markup.

    >>> text('a < b')
    'a &lt; b'
    """
    if isinstance(content, Html):
        return content
    whole = str(content).encode('utf-8', 'replace').decode()  # half a character becomes '?'
    return Html(html.escape(_CONTROL.sub('\ufffd', whole)))


def element(name: str, attributes: Mapping[str, object] | None = None, *children: object) -> Html:
    """Return an element.

    Args:
      name: The name of the element.
      attributes: Its attributes. None leaves an attribute out, and True writes it without a value.
      children: Markup, or texts, which are escaped.

    >>> element('th', {'scope': 'row', 'class': None}, 'a & b')
    '<th scope="row">a &amp; b</th>'
    """
    given = ''.join(
        f' {key}' if value is True else f' {key}="{text(value)}"'
        for key, value in (attributes or {}).items()
        if value is not None
    )
    if name in _VOID:
        return Html(f'<{name}{given}/>')
    return Html(f'<{name}{given}>{joined(children)}</{name}>')


def joined(parts: Iterable[object]) -> Html:
    """Return parts one after the other.

    >>> joined([element('b', {}, 'x'), '<'])
    '<b>x</b>&lt;'
    """
    return Html(''.join(text(part) for part in parts))


def note(words: str) -> Html:
    """Return a small paragraph; nothing for no words.

    >>> note('3 seeds'), note('')
    ('<p class="note">3 seeds</p>', '')
    """
    return element('p', {'class': 'note'}, words) if words else Html()
