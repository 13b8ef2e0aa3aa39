"""List the programs.

python -m experiments
"""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent


def programs() -> dict[str, str]:
    """Return the name of each program, and the first line of its documentation.

    >>> programs()['verify']
    'Check every file in the folder of a run; change nothing.'
    """
    files = [*FOLDER.glob('*/__main__.py'), *FOLDER.glob('*.py')]
    texts = {_name(file): file.read_text(encoding='utf-8') for file in files}
    return {
        name: (ast.get_docstring(ast.parse(text)) or '').splitlines()[0]
        for name, text in sorted(texts.items())
        if name and f'python -m experiments.{name}' in text
    }


def _name(file: Path) -> str:
    return file.parent.name if file.stem == '__main__' and file.parent != FOLDER else file.stem


def main() -> None:
    """Print one line per program."""
    known = programs()
    width = max(map(len, known))
    for name, line in known.items():
        print(f'{name:{width}}  {line}')
    print('\nHelp: python -m experiments.PROGRAM --help')
    print('Names for configs: python -m experiments.list')


if __name__ == '__main__':
    main()
