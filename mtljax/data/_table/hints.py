"""Errors for columns that are nearly numbers or dates, with the option that reads them."""

from mtljax._shown import shown
from mtljax.data._table.date_of import looks_like_date
from mtljax.data._table.number_form import FORMS, unit_of
from mtljax.data._table.options import Options
from mtljax.data._table.summary import Summary

_MOSTLY = 0.9  # a column with such a share of cells of one kind should hold nothing else


def check_mixed(summary: Summary) -> None:
    """Raise a ValueError if nearly all cells are numbers, or nearly all are dates."""
    for kind, noun in ((summary.numbers, 'number'), (summary.dates, 'date')):
        if kind.there and kind.there >= _MOSTLY * (kind.there + kind.wrong):
            row, cell = kind.first
            name = shown(summary.name)
            raise ValueError(
                f'Column {name}, row {row}: the cell should be a {noun}, as in {kind.there} other '
                f'rows. Found {cell}. If this text stands for an empty cell, add it to missing. If '
                f'the column holds categories, set categorical=[{name}].'
            )


def hint(summary: Summary, options: Options) -> None:
    """Raise a ValueError if the texts look like numbers or dates in another form."""
    texts, name = summary.examples, shown(summary.name)
    for form in FORMS:
        numbers = [text for text in texts if form.number(text) == form.number(text)]
        if form != options.form and len(numbers) >= _MOSTLY * len(texts) > 0:
            grouped = f' and thousands={form.thousands!r}' if form.thousands else ''
            marked = next((text for text in numbers if unit_of(text)[1]), numbers[0])
            raise ValueError(
                f'Column {name} should hold numbers such as 1234.5. Found {shown(marked)}. Set '
                f'decimal={form.decimal!r}{grouped}, or categorical=[{name}] if these are names.'
            )
    dates = [text for text in texts if looks_like_date(text)]
    if len(dates) >= _MOSTLY * len(texts) > 0:
        raise ValueError(
            f'Column {name} should hold dates such as 2024-12-31. Found {shown(dates[0])}. Name '
            f"their form, dates=(({name}, '%d.%m.%Y'),), or set categorical=[{name}]."
        )
