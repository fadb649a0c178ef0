from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data import DataConfig
from intentrec.data.timestamps import to_utc
from intentrec.errors import DataError
from intentrec.tables import TIMESTAMP


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def read(values, form="iso", zone="UTC", dtype=None):
    times = to_utc(pl.Series("timestamp", values, dtype=dtype), DataConfig(timestamp=form, timezone=zone))
    assert times.dtype == TIMESTAMP
    assert times.name == "timestamp"
    return times.to_list()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-31T10:20:30Z", utc(2024, 1, 31, 10, 20, 30)),
        ("2024-01-31 10:20:30.123456", utc(2024, 1, 31, 10, 20, 30, 123456)),
        ("2024-01-31T10:20:30+02:00", utc(2024, 1, 31, 8, 20, 30)),
        ("2024-01-31T10:20:30.5-0130", utc(2024, 1, 31, 11, 50, 30, 500000)),
        ("2024-01-31 10:20", utc(2024, 1, 31, 10, 20)),
        (" 2024-01-31 ", utc(2024, 1, 31)),
        ("31.01.2024", None),
        ("2024-02-30", None),
        ("1706696430", None),
        ("1850-01-01", None),
        ("9000-01-01", None),
        (None, None),
    ],
)
def test_iso_text_in_any_mixture(text, time):
    assert read([text], dtype=pl.String) == [time]
    assert read(["2024-01-01", text, "2024-01-01T00:00:00Z"])[1] == time


@pytest.mark.parametrize(("form", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_numbers_since_1970_as_integers_text_or_floats(form, per_second):
    number = 1_706_696_430 * per_second
    expected = [utc(2024, 1, 31, 10, 20, 30), None]
    assert read([number, None], form) == expected
    assert read([str(number), "soon"], form) == expected
    assert read([float(number), float("nan")], form) == expected


def test_fractions_of_a_second_are_kept():
    assert read([1_706_696_430.25], "s") == [utc(2024, 1, 31, 10, 20, 30, 250_000)]
    assert read(["1706696430250.5"], "ms") == [utc(2024, 1, 31, 10, 20, 30, 250_500)]


@pytest.mark.parametrize("number", [1_706_696_430_000, 10**18, -(10**18), 2**63 - 1])
def test_a_number_in_the_wrong_unit_is_no_time(number):
    assert read([number], "s") == [None]


def test_a_pattern_of_ones_own():
    assert read(["31/01/2024 10:20", "2024-01-31"], "%d/%m/%Y %H:%M") == [utc(2024, 1, 31, 10, 20), None]
    assert read(["20240131T1020+0200"], "%Y%m%dT%H%M%z") == [utc(2024, 1, 31, 8, 20)]


def test_times_without_a_zone_are_in_the_zone_of_the_settings():
    expected = [utc(2024, 7, 1, 11)]
    assert read(["2024-07-01 12:00"], zone="Europe/London") == expected
    assert read([datetime(2024, 7, 1, 12)], zone="Europe/London") == expected
    assert read([date(2024, 7, 1)], zone="Europe/London") == [utc(2024, 6, 30, 23)]


def test_clock_changes():
    skipped, doubled = "2024-03-31 01:30", "2024-10-27 01:30"
    assert read([skipped, doubled], zone="Europe/London") == [None, utc(2024, 10, 27, 0, 30)]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_timestamps_of_parquet_are_taken_as_they_are(unit):
    series = pl.Series([utc(2024, 1, 31, 10)]).cast(pl.Datetime(unit, "UTC")).dt.convert_time_zone("Asia/Tokyo")
    assert read(series) == [utc(2024, 1, 31, 10)]


def test_a_column_of_nulls_is_a_column_of_nulls():
    assert read([None, None]) == [None, None]


@pytest.mark.parametrize(("values", "form"), [([1.5], "iso"), ([5], "%d/%m/%Y"), ([True], "s"), ([True], "iso")])
def test_a_type_that_the_setting_does_not_fit_is_an_error_that_names_it(values, form):
    with pytest.raises(DataError, match=r"'timestamp' holds .* timestamp = \"s\" under \[data\]"):
        read(values, form)


@settings(deadline=None)
@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)))
def test_what_isoformat_writes_comes_back(moment):
    moment = moment.replace(tzinfo=UTC)
    assert read([moment.isoformat()]) == [moment]
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert read([micros], "us") == [moment]
