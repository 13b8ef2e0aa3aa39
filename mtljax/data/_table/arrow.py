"""Columns and tables of Arrow, and of the libraries that speak its interface.

The libraries are pyarrow, pandas, polars and others: see
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html.
"""

from typing import Any

import numpy as np

from mtljax._extra import check_extra
from mtljax._shown import shown
from mtljax.data._table.cells import Cells, DateCells, NumberCells, are_exact, recoded
from mtljax.data._table.names import check_columns

_INDEX = '__index_level_'  # how pandas names an index


def columns_of_frame(frame: Any) -> dict[str, Any]:
    """Return the columns of a frame, ``{name: column of Arrow}``, without an index of pandas.

    Raises:
      ValueError: A column mixes types.
      ImportError: The extra ``tables`` is not installed.
    """
    check_extra('tables', 'pyarrow')
    import pyarrow as pa

    try:
        table = pa.table(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f'Each column of the frame should have one type. Found {error!s:.300}. Bring the '
            'column to one type, such as text.'
        ) from error
    names = [name for name in table.column_names if not name.startswith(_INDEX)]
    check_columns(names)
    return {name: table.column(name) for name in names}


def cells_of_arrow(name: str, column: Any) -> Cells:
    """Return the cells of a column of Arrow.

    Raises:
      ValueError: The column has another type than text, number, boolean or date.
      ImportError: The extra ``tables`` is not installed.
    """
    check_extra('tables', 'pyarrow')
    import pyarrow as pa

    array = _chunked(pa, column)
    kind = array.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        array = array.cast(kind)
    if pa.types.is_null(kind):
        return recoded([''], np.zeros(len(array), np.int32))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(pa, array)
    if pa.types.is_boolean(kind):
        codes = array.cast(pa.int8()).fill_null(2).to_numpy()
        return recoded(['False', 'True', ''], codes)
    if pa.types.is_integer(kind) and not are_exact(array.drop_null().to_numpy()):
        return _texts(pa, array.cast(pa.string()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = array.cast(pa.float64(), safe=False).fill_null(np.nan)
        return NumberCells(numbers.to_numpy())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        dates = array.cast(pa.timestamp('us'), safe=False)
        return DateCells(dates.to_numpy().astype('datetime64[us]'))
    raise ValueError(
        f'Column {shown(name)} should hold texts, numbers, booleans or dates. Found the type '
        f'{kind!s:.100}. Leave it out: drop=[{shown(name)}].'
    )


def _chunked(pa: Any, column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        return column
    if hasattr(column, '__arrow_c_stream__'):
        return pa.chunked_array(column)
    return pa.chunked_array([pa.array(column)])


def _texts(pa: Any, array: Any) -> Cells:
    coded = array.cast(pa.string()).dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0)
    values = [value.strip() for value in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return recoded([*values, ''], codes)
