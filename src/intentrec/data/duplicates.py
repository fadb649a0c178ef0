"""Rows that say again what is already known."""

import polars as pl

STORED = "already stored"
COPY = "exact copy of an earlier row of the file"
SUPERSEDED = "comes again further down"


def later_copies(frame: pl.DataFrame, key: list[str]) -> pl.Series:
    """True for each row that equals an earlier one in all columns.

    Rows are compared in full only where the hash of their key meets another, so that ten million rows without copies
    cost one hash and one sort of integers.

    Args:
        frame: Any rows.
        key: Columns that rarely agree by chance.
    """
    hashes = frame.select(key).hash_rows()
    ordered = hashes.sort()
    shared = ordered.filter(ordered == ordered.shift(1)).unique()
    none = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    if shared.is_empty():
        return none
    suspects = hashes.is_in(shared.implode()).arg_true()
    copies = suspects.filter(~frame[suspects].select(pl.struct(pl.all()).is_first_distinct()).to_series())
    return none.scatter(copies, True)


def superseded(frame: pl.DataFrame, key: str) -> pl.Series:
    """True for each row whose key comes again further down: the last row of a key stands."""
    return ~frame.get_column(key).is_last_distinct()


def already_stored(frame: pl.DataFrame, stored: pl.LazyFrame) -> pl.Series:
    """True for each row that a stored one equals in all columns of the file; what is not stored counts as null.

    Only stored rows within the time span of the file are read.

    Args:
        frame: Checked rows with a column `timestamp`.
        stored: Rows of the same table.
    """
    span = frame.get_column("timestamp")
    names = stored.collect_schema().names()
    columns = [
        (pl.col(name) if name in names else pl.lit(None)).cast(dtype, strict=False).alias(name)
        for name, dtype in frame.schema.items()
    ]
    within = pl.col("timestamp").is_between(pl.lit(span.min()), pl.lit(span.max()))
    known = stored.filter(within).select(columns).collect()
    if known.is_empty():
        return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    numbered = frame.with_row_index("_position")
    again = numbered.join(known, on=frame.columns, how="semi", nulls_equal=True).get_column("_position")
    return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True).scatter(again, True)
