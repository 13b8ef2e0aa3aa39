"""Write the oldest versions that setup.cfg allows, so that the tests can run with them.

python constraints/oldest.py
"""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ('test',)
HEADER = '# The lower bounds of setup.cfg, written by constraints/oldest.py.\n'
# The oldest matplotlib warns about newer pyparsing, and warnings are errors in the tests.
OTHERS = ('pyparsing<3.3',)


def oldest() -> str:
    """The text of the constraints file."""
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    needs = config['options']['install_requires'].split('\n')
    for extra in EXTRAS:
        needs += config['options.extras_require'][extra].split('\n')
    plain = {re.sub(r'\[.*\]|;.*', '', need).strip() for need in needs} - {''}
    bounds = {need.replace('>=', '==') for need in plain}
    return HEADER + ''.join(f'{line}\n' for line in [*sorted(bounds), *OTHERS])


if __name__ == '__main__':
    (ROOT / 'constraints' / 'oldest.txt').write_text(oldest())
