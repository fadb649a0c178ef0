from datetime import UTC, datetime

import polars as pl
import pytest

from intentrec.data import DataConfig
from intentrec.data.casts import typed
from intentrec.tables import IMPRESSIONS, ITEMS, USERS


def ids(values, dtype=None) -> tuple[list[str | None], list[str]]:
    frame, findings = typed(pl.DataFrame({"user_id": pl.Series(values, dtype=dtype)}), USERS, DataConfig(), False)
    return frame["user_id"].to_list(), [finding.reason for finding in findings]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([123, None], pl.Int64, ["123", None]),
        ([123, 2**63], pl.UInt64, ["123", "9223372036854775808"]),
        ([123.0, None, float("nan")], pl.Float64, ["123", None, None]),
        (["007", " 7", ""], pl.String, ["007", " 7", None]),
        (["u"], pl.Categorical, ["u"]),
    ],
)
def test_ids_become_text_as_a_person_would_write_them(values, dtype, expected):
    assert ids(values, dtype) == (expected, [])


def test_an_id_with_a_fraction_is_a_finding():
    assert ids([1.0, 2.5]) == (["1", None], ["user_id is not a whole number or text"])


def test_absent_optional_columns_are_nulls_of_their_type():
    frame, _ = typed(pl.DataFrame({"title": ["Mug"], "item_id": ["a"]}), ITEMS, DataConfig(), False)
    assert frame.schema == ITEMS.schema
    assert frame["price"].to_list() == [None]


def number(values, dtype=None) -> tuple[list[float | None], int]:
    frame = pl.DataFrame({"item_id": "a", "title": "Mug", "price": pl.Series(values, dtype=dtype)})
    cast, findings = typed(frame, ITEMS, DataConfig(), False)
    return cast["price"].to_list(), sum(int(finding.mask.sum()) for finding in findings)


@pytest.mark.parametrize(
    ("values", "dtype", "expected", "lost"),
    [
        ([1, None], pl.Int32, [1.0, None], 0),
        ([1.5, float("nan")], pl.Float32, [1.5, None], 0),
        ([1.5, float("inf")], pl.Float64, [1.5, None], 1),
        ([" 1.5 ", "1e3", "", "one", "nan"], pl.String, [1.5, 1000.0, None, None, None], 2),
        ([None], pl.Null, [None], 0),
    ],
)
def test_numbers(values, dtype, expected, lost):
    assert number(values, dtype) == (expected, lost)


def shown(column: str, values, dtype=None) -> tuple[list[object], int]:
    frame = pl.DataFrame(
        {
            "user_id": "u",
            "timestamp": datetime(2024, 1, 1, tzinfo=UTC),
            "item_id": "a",
            column: pl.Series(values, dtype=dtype),
        }
    )
    if column != "clicked":
        frame = frame.with_columns(clicked=True)
    cast, findings = typed(frame, IMPRESSIONS, DataConfig(), False)
    return cast[column].to_list(), sum(int(finding.mask.sum()) for finding in findings)


@pytest.mark.parametrize(
    ("values", "dtype", "expected", "lost"),
    [
        ([True, None], pl.Boolean, [True, None], 0),
        ([1, 0, 2], pl.Int8, [True, False, None], 1),
        ([1.0, 0.0, 0.5], pl.Float64, [True, False, None], 1),
        (["TRUE", " no ", "f", "1", "maybe"], pl.String, [True, False, False, True, None], 1),
    ],
)
def test_truth(values, dtype, expected, lost):
    assert shown("clicked", values, dtype) == (expected, lost)


@pytest.mark.parametrize(
    ("values", "dtype", "expected", "lost"),
    [
        ([1, None], pl.UInt8, [1, None], 0),
        ([1.0, 1.5], pl.Float64, [1, None], 1),
        (["3", "4.0", "4.5", "x"], pl.String, [3, 4, None, None], 2),
        (["3", " 4"], pl.String, [3, 4], 0),
        ([2**63], pl.UInt64, [None], 1),
    ],
)
def test_whole_numbers(values, dtype, expected, lost):
    assert shown("position", values, dtype) == (expected, lost)
