"""Dates in texts."""

import datetime
import re

import numpy as np

NOT_A_DATE = np.datetime64('NaT')
_ISO = re.compile(r'\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?')
_OTHER = re.compile(r'\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})\b.*|\d{4}[./]\d{1,2}[./]\d{1,2}\b.*')


def date_of(text: str, form: str = '') -> np.datetime64:
    """Read a date, with or without a time; NaT if the text holds none.

    Args:
      text: The text. A time with an offset from UTC is brought to UTC.
      form: The form of the date, as for ``datetime.strptime``; ``''`` means ISO 8601.

    >>> str(date_of('2024-03-31')), str(date_of('31.3.24 9:30', '%d.%m.%y %H:%M'))
    ('2024-03-31T00:00:00.000000', '2024-03-31T09:30:00.000000')
    >>> str(date_of('2024-03-31T09:30:00+02:00')), str(date_of('2024-03-32'))
    ('2024-03-31T07:30:00.000000', 'NaT')
    """
    try:
        if form:
            date = datetime.datetime.strptime(text, form)
        elif _ISO.fullmatch(text):
            date = datetime.datetime.fromisoformat(text)
        else:
            return NOT_A_DATE
        if date.tzinfo is not None:
            date = date.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return NOT_A_DATE
    return np.datetime64(date, 'us')


def looks_like_date(text: str) -> bool:
    """Return whether a text is no date of ISO 8601, but looks like one in another form.

    >>> looks_like_date('31.12.2024'), looks_like_date('2024-12-31'), looks_like_date('12.5')
    (True, False, False)
    """
    return _OTHER.fullmatch(text) is not None
