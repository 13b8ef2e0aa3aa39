"""The form of numbers in texts."""

import functools
import math
import re
import unicodedata
from dataclasses import dataclass

from mtljax._shown import shown

_CURRENCY = re.compile(r'[A-Z]{3}')
_MAY_BE = re.compile(r'(?:[+-]?[A-Z]{3} )?[^A-Za-z]*(?:[eE][+-]?\d+)?[^A-Za-z]*(?: [A-Z]{3})?')
_LONGEST = 100
_SPACES = str.maketrans('\u00a0\u202f\u2009', '   ')  # spaces that do not break a line


@dataclass(frozen=True)
class NumberForm:
    """How a table writes numbers.

    A number may have a unit before or after it: ``%``, the sign of a currency, or its three
    letters and a space.

    Attributes:
      decimal: The character before the fraction.
      thousands: The character between groups of three digits; ``''`` for no character.

    Raises:
      ValueError: The two are no different single characters.
    """

    decimal: str = '.'
    thousands: str = ''

    def __post_init__(self):
        for name, mark in (('decimal', self.decimal), ('thousands', self.thousands or ' ')):
            if not isinstance(mark, str) or len(mark) != 1 or mark.isalnum() or mark in '+-':
                raise ValueError(f'{name} should be one character. Found {name} = {shown(mark)}.')
        if self.decimal == self.thousands:
            raise ValueError(
                f'decimal and thousands should differ. Found {shown(self.decimal)} for both.'
            )

    def number(self, text: str) -> float:
        """Read a finite number, with or without a unit; NaN if the text holds none.

        A text of more than 100 characters with a unit or another form is no number.

        >>> NumberForm(',', '.').number('1.234,5 €'), PLAIN.number('1_000')
        (1234.5, nan)
        >>> NumberForm(',').number('1' * 1000_000)
        nan
        """
        if self == PLAIN:
            try:
                number = float(text)
            except ValueError:
                pass
            else:
                return number if math.isfinite(number) and '_' not in text else math.nan
        # The length comes first: the patterns need quadratic time for a text that does not fit.
        if len(text) > _LONGEST or not _MAY_BE.fullmatch(text):
            return math.nan
        bare = unit_of(text)[0].translate(_SPACES)
        if not self._pattern.fullmatch(bare):
            return math.nan
        number = float(bare.replace(self.thousands, '').replace(self.decimal, '.'))
        return number if math.isfinite(number) else math.nan

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        decimal, group = re.escape(self.decimal), re.escape(self.thousands)
        grouped = rf'\d{{1,3}}(?:{group}\d{{3}})+|' if self.thousands else ''
        return re.compile(
            rf'[+-]?(?:(?:{grouped}\d+)(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?', re.ASCII
        )


PLAIN = NumberForm()

FORMS = tuple(NumberForm(*marks) for marks in (',.', ', ', '.,', ".'", '. ', ','))
"""Other forms that tables are written in, the most usual first."""


def unit_of(text: str) -> tuple[str, str]:
    """Return a text without its unit, and the unit; ``''`` if it has none.

    >>> unit_of('-$5'), unit_of('12 %'), unit_of('EUR 3'), unit_of('7')
    (('-5', '$'), ('12', '%'), ('3', 'EUR'), ('7', ''))
    """
    sign, rest = (text[0], text[1:].strip()) if text[:1] in ('+', '-') else ('', text)
    first, _, after = rest.partition(' ')
    before, _, last = rest.rpartition(' ')
    if rest and _is_unit(rest[0]):
        return sign + rest[1:].strip(), rest[0]
    if rest and _is_unit(rest[-1]):
        return sign + rest[:-1].strip(), rest[-1]
    if after and _CURRENCY.fullmatch(first):
        return sign + after.strip(), first
    if before and _CURRENCY.fullmatch(last):
        return sign + before.strip(), last
    return text, ''


def _is_unit(character: str) -> bool:
    return character == '%' or unicodedata.category(character) == 'Sc'
