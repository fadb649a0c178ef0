"""Columns of a file into the types of the contract; a value that does not fit is a finding, never a silent null."""

from dataclasses import dataclass

import polars as pl

from intentrec.data.columns import storable
from intentrec.data.config import DataConfig
from intentrec.data.timestamps import to_utc
from intentrec.errors import DataError
from intentrec.tables import TIMESTAMP, Column, Table

_NESTED = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Object)
_WORDS = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}


@dataclass(frozen=True)
class Finding:
    """Rows that fail one check.

    Attributes:
        reason: What is wrong with them and, where it helps, what to do.
        mask: True for each such row; never null.
    """

    reason: str
    mask: pl.Series


def renamed(frame: pl.DataFrame, table: Table, names: dict[str, str]) -> pl.DataFrame:
    """The frame under our column names.

    Args:
        frame: As the file has it.
        table: Which table it is for.
        names: The file's name -> our name; names that the file does not have are left aside.

    Raises:
        DataError: Two columns would share a name, or the file has a column that only intentrec may give.
    """
    names = {old: new for old, new in names.items() if old in frame.columns}
    taken = sorted(new for new in names.values() if new in frame.columns and new not in names)
    if taken:
        raise DataError(
            f"Renaming for table {table.name!r} gives a second column {taken[0]!r}, which the file already has. Change "
            f"[data.rename.{table.name}] in intentrec.toml, or give the old column another name too."
        )
    frame = frame.rename(names)
    if table.name == "events" and "row" in frame.columns:
        raise DataError(
            "Events have a column 'row', a name that intentrec gives itself to number events. Rename it: "
            '[data.rename.events] row = "source_row" in intentrec.toml.'
        )
    return frame


def typed(frame: pl.DataFrame, table: Table, config: DataConfig, untyped: bool) -> tuple[pl.DataFrame, list[Finding]]:
    """All columns of the contract in their types, then the file's further columns, with the values that do not fit.

    Args:
        frame: Under our column names.
        table: The contract; its column `row` is left to the caller.
        config: How times are written.
        untyped: Whether the format knows no types, so that further columns of nothing but numbers become numbers.

    Raises:
        DataError: A required column is missing, or a column's type can never fit.
    """
    contract = [column for column in table.columns if column.name != "row"]
    _must_have(frame, table, contract)
    columns: list[pl.Series] = []
    findings: list[Finding] = []
    for column in contract:
        if column.name not in frame.columns:
            columns.append(pl.Series(column.name, [None], dtype=column.dtype).new_from_index(0, frame.height))
            continue
        given = _without_blanks(frame.get_column(column.name))
        cast = _cast(given, column, config)
        if cast.null_count() > given.null_count():
            findings.append(Finding(_misfit(column, config), given.is_not_null() & cast.is_null()))
        columns.append(cast)
    names = {column.name for column in contract}
    further = [storable(frame.get_column(name), untyped) for name in frame.columns if name not in names]
    return pl.DataFrame(columns + further), findings


def _must_have(frame: pl.DataFrame, table: Table, contract: list[Column]) -> None:
    missing = [column.name for column in contract if not column.optional and column.name not in frame.columns]
    if table.name == "events" and not {"item_id", "query"} & set(frame.columns):
        missing.append("item_id")
    if missing:
        raise DataError(
            f"Table {table.name!r} needs the column {missing[0]!r}; the file has {', '.join(frame.columns)}. If it is "
            f"there under another name, say so in intentrec.toml under [data.rename.{table.name}]: "
            f'their_name = "{missing[0]}".'
        )


def _applied(column: pl.Series, expression: pl.Expr) -> pl.Series:
    return column.to_frame().select(expression.alias(column.name)).to_series()


def _without_blanks(given: pl.Series) -> pl.Series:
    """The column with blank text and NaN as nulls; not copied when it has none."""
    if given.dtype == pl.String:
        blank = pl.first().str.strip_chars().str.len_bytes() == 0
    elif given.dtype.is_float():
        blank = pl.first().is_nan()
    else:
        return given
    if not _applied(given, blank.any()).item():
        return given
    return _applied(given, pl.when(~blank).then(pl.first()))


def _cast(given: pl.Series, column: Column, config: DataConfig) -> pl.Series:
    """The column in its type, null where a value does not fit."""
    if isinstance(given.dtype, _NESTED):
        raise DataError(
            f"Column {column.name!r} holds {given.dtype} values but must be {column.dtype}: {column.meaning}."
        )
    if column.dtype == TIMESTAMP:
        return to_utc(given, config)
    if column.dtype == pl.String:
        return _text(given, column)
    if column.dtype == pl.Boolean:
        return _boolean(given)
    return _whole(given) if column.dtype == pl.Int64 else _finite(given)


def _misfit(column: Column, config: DataConfig) -> str:
    if column.dtype == TIMESTAMP:
        return f"{column.name} is not a time written as {config.timestamp!r} (see data.timestamp in intentrec.toml)"
    kinds = {pl.Boolean: "true or false", pl.Int64: "a whole number", pl.Float64: "a number"}
    return f"{column.name} is not {kinds.get(column.dtype.base_type(), 'a whole number or text')}"


def _text(given: pl.Series, column: Column) -> pl.Series:
    """Text; whole floats, which ids become beside a missing value, lose their ".0"."""
    if given.dtype.is_float() and column.name.endswith("_id"):
        return _whole(given).cast(pl.String)
    return given if given.dtype == pl.String else given.cast(pl.String)


def _whole(given: pl.Series) -> pl.Series:
    if given.dtype == pl.String:
        given = given.str.strip_chars()
        exact = given.cast(pl.Int64, strict=False)
        if exact.null_count() == given.null_count():
            return exact
    if not (given.dtype.is_float() or given.dtype == pl.String):
        return given.cast(pl.Int64, strict=False)
    number = pl.first().cast(pl.Float64, strict=False)
    return _applied(given, pl.when(number == number.round(0)).then(number.cast(pl.Int64, strict=False)))


def _finite(given: pl.Series) -> pl.Series:
    if given.dtype == pl.String:
        given = given.str.strip_chars()
    number = given.cast(pl.Float64, strict=False)
    if number.is_finite().all():
        return number
    return _applied(number, pl.when(pl.first().is_finite()).then(pl.first()))


def _boolean(given: pl.Series) -> pl.Series:
    if given.dtype in (pl.Boolean, pl.Null):
        return given.cast(pl.Boolean)
    words = (_whole(given) if given.dtype.is_float() else given).cast(pl.String)
    return words.str.strip_chars().str.to_lowercase().replace_strict(_WORDS, default=None, return_dtype=pl.Boolean)
