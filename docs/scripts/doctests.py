"""Shows the doctests of docstrings as Python code."""

import griffe


def fenced(text: str) -> str:
    """Put every block that begins with ``>>>`` between fences."""
    lines, inside = [], False
    for line in text.splitlines():
        if not inside and line.startswith('>>>'):
            lines.append('```pycon')
            inside = True
        elif inside and not line.strip():
            lines.append('```')
            inside = False
        lines.append(line)
    return '\n'.join([*lines, '```'] if inside else lines)


class Doctests(griffe.Extension):
    """Fences the doctests of every object that the site shows."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        """Change the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
