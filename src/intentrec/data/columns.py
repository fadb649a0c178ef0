"""Further columns of the user's own, in types that a stored table and every reader of it can hold."""

import polars as pl

_CASTS: dict[tuple[type[pl.DataType], ...], type[pl.DataType]] = {
    (pl.UInt8, pl.UInt16, pl.UInt32): pl.Int64,
    (pl.Decimal,): pl.Float64,
    (pl.UInt64, pl.Int128, pl.UInt128, pl.Null, pl.Time, pl.Categorical, pl.Enum): pl.String,
}
_WRITTEN_AS_CODE = r"^[+-]?0\d|^\+"  # "007" and "+44" are codes, not numbers


def storable(column: pl.Series, untyped: bool) -> pl.Series:
    """The column in a type that Delta Lake knows; no value is lost, a struct becomes JSON text.

    Args:
        column: Any column of a file.
        untyped: Whether text may be text only because the format knows no types; such a column becomes numbers where
            every value is one.
    """
    if column.dtype == pl.String:
        return _numbers(column) if untyped else column
    return _nested(column) if column.dtype.is_nested() else _plain(column)


def _plain(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        times = column.dt.cast_time_unit("us")
        return times.dt.convert_time_zone("UTC") if dtype.time_zone else times.dt.replace_time_zone("UTC")
    if isinstance(dtype, pl.Duration):
        return column.dt.total_microseconds()
    for types, target in _CASTS.items():
        if isinstance(dtype, types):
            return column.cast(target)
    return column


def _nested(column: pl.Series) -> pl.Series:
    """Structs become JSON text, arrays lists, and lists of anything but plain values JSON text too."""
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    if isinstance(column.dtype, pl.Struct):
        return column.struct.json_encode()
    inner = column.list.explode(keep_nulls=True, empty_as_null=True)
    if inner.dtype.is_nested():
        packed = column.to_frame("list").select(pl.struct("list").struct.json_encode())
        text = packed.to_series().str.strip_prefix('{"list":').str.strip_suffix("}")
        return text.alias(column.name)
    return column.cast(pl.List(_plain(inner.head(0)).dtype))


def _numbers(column: pl.Series) -> pl.Series:
    if column.null_count() == len(column) or column.str.contains(_WRITTEN_AS_CODE).any():
        return column
    for dtype in (pl.Int64, pl.Float64):
        numbers = column.cast(dtype, strict=False)
        if numbers.null_count() == column.null_count() and numbers.is_finite().all():
            return numbers
    return column
