from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from deltalake import write_deltalake

from intentrec.data.columns import storable

DAY = datetime(2024, 1, 1)
COLUMNS = [
    (pl.Series("x", [1, None], dtype=pl.UInt8), [1, None]),
    (pl.Series("x", [2**32 - 1], dtype=pl.UInt32), [2**32 - 1]),
    (pl.Series("x", [2**64 - 1], dtype=pl.UInt64), [str(2**64 - 1)]),
    (pl.Series("x", [2**100], dtype=pl.Int128), [str(2**100)]),
    (pl.Series("x", [1], dtype=pl.Int16), [1]),
    (pl.Series("x", [None], dtype=pl.Null), [None]),
    (pl.Series("x", ["a", None], dtype=pl.Categorical), ["a", None]),
    (pl.Series("x", ["a"], dtype=pl.Enum(["a"])), ["a"]),
    (pl.Series("x", [DAY], dtype=pl.Datetime("ns")), [DAY.replace(tzinfo=UTC)]),
    (pl.Series("x", [DAY], dtype=pl.Datetime("ms", "UTC")), [DAY.replace(tzinfo=UTC)]),
    (pl.Series("x", [date(2024, 1, 1)]), [date(2024, 1, 1)]),
    (pl.Series("x", [time(1, 2)]), ["01:02:00"]),
    (pl.Series("x", [timedelta(seconds=1)]), [10**6]),
    (pl.Series("x", [Decimal("1.50")]), [1.5]),
    (pl.Series("x", [True, None]), [True, None]),
    (pl.Series("x", [b"b"]), [b"b"]),
    (pl.Series("x", [["a"], [], None]), [["a"], [], None]),
    (pl.Series("x", [[1], None], dtype=pl.List(pl.UInt16)), [[1], None]),
    (pl.Series("x", [[1, 2]], dtype=pl.Array(pl.Int8, 2)), [[1, 2]]),
    (pl.Series("x", [[[1], [2]], None]), ["[[1],[2]]", "null"]),
    (pl.Series("x", [[{"a": 1}]]), ['[{"a":1}]']),
    (pl.Series("x", [{"a": 1, "b": None}]), ['{"a":1,"b":null}']),
    (pl.Series("x", ["1", "2"]), ["1", "2"]),
]


@pytest.mark.parametrize(("column", "expected"), COLUMNS, ids=lambda value: str(getattr(value, "dtype", "")))
def test_any_column_can_be_stored_and_keeps_its_values(tmp_path, column, expected):
    stored = storable(column, untyped=False)
    assert stored.name == "x"
    assert stored.to_list() == expected
    write_deltalake(tmp_path / "t", stored.to_frame())
    assert pl.read_delta(str(tmp_path / "t"))["x"].to_list() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", None, "-20"], [1, None, -20]),
        (["1", "2.5", "1e3"], [1.0, 2.5, 1000.0]),
        (["0", "0.5"], [0.0, 0.5]),
        (["01", "2"], ["01", "2"]),
        (["+44", "1"], ["+44", "1"]),
        (["1", "x"], ["1", "x"]),
        (["nan", "1"], ["nan", "1"]),
        ([None, None], [None, None]),
    ],
)
def test_text_of_an_untyped_format_becomes_numbers_only_where_nothing_is_lost(values, expected):
    assert storable(pl.Series("x", values, dtype=pl.String), untyped=True).to_list() == expected
