"""The contract of tables."""

import polars as pl
import pytest

from intentrec.errors import DataError
from intentrec.tables import EVENTS, ITEMS, TABLES


def test_absent_optional_columns_come_as_nulls() -> None:
    frame = ITEMS.check(pl.DataFrame({"item_id": ["1"], "title": ["tea"], "colour": ["green"]}))
    assert frame.columns == [*ITEMS.schema.names(), "colour"]
    assert frame["price"].to_list() == [None]
    assert frame.schema["price"] == pl.Float64


def test_what_is_missing_and_what_is_there_are_named() -> None:
    with pytest.raises(DataError, match="'items' lacks 'title'; it has 'item_id'"):
        ITEMS.check(pl.DataFrame({"item_id": ["1"]}))
    with pytest.raises(DataError, match="'items' lacks 'item_id', 'title'; it has no columns"):
        ITEMS.check(pl.DataFrame())


def test_every_key_is_a_column_and_every_column_has_a_meaning() -> None:
    for table in TABLES.values():
        assert set(table.key) <= set(table.schema)
        assert all(column.meaning for column in table.columns)
    assert EVENTS.empty().is_empty()
