"""Live items in the types of the stored ones."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from intentrec.serving.live import LiveItem
from intentrec.serving.live.frames import items_frame
from intentrec.tables import ITEMS
from store_world import T


def stored(**columns: Any) -> pl.DataFrame:
    frame = pl.DataFrame({"item_id": ["old"], "title": ["OLD"], "created_at": [datetime(2020, 1, 1, tzinfo=UTC)]})
    return ITEMS.check(frame.with_columns(pl.Series(name, [value]) for name, value in columns.items()))


def made(*items: dict[str, Any], table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [(n, LiveItem.model_validate({"title": "T"} | item), T) for n, item in enumerate(items, start=7)]
    return items_frame(rows, table)


def test_attributes_take_the_types_of_the_table() -> None:
    table = stored(size=3, weight=1.5, fresh=True, colour="red", released=date(2024, 5, 1), sizes=[1, 2])
    given = {
        "item_id": "new", "size": 4, "weight": 2, "fresh": False, "colour": {"r": 1}, "released": "2024-06-01",
        "sizes": [3], "unknown": None,
    }  # fmt: skip
    frame, refused = made(given, table=table)
    assert refused["reason"].to_list() == []
    row = frame.row(0, named=True)
    assert (row["size"], row["weight"], row["fresh"], row["colour"]) == (4, 2.0, False, '{"r":1}')
    assert (row["released"], row["sizes"], row["unknown"]) == (date(2024, 6, 1), [3], None)
    assert frame.schema["size"] == pl.Int64


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 2.5), ("size", True), ("size", "many"), ("fresh", 1), ("released", "soon"), ("sizes", {"a": 1})],
)
def test_an_attribute_that_does_not_fit_is_a_reason(name: str, value: Any) -> None:
    table = stored(size=3, fresh=True, released=date(2024, 5, 1), sizes=[1, 2])
    frame, refused = made({"item_id": "new", name: value}, {"item_id": "good"}, table=table)
    assert frame["item_id"].to_list() == ["good"]
    assert refused["line"].to_list() == [7]
    assert refused["reason"][0].startswith(f"{name} is not ")
    assert '"item_id":"new"' in refused["record"][0]


def test_a_name_that_differs_in_case_only_is_a_reason() -> None:
    _, refused = made({"item_id": "a", "Size": 1}, {"item_id": "b", "TITLE": "x"}, table=stored(size=3))
    assert refused["reason"].to_list() == [
        "Size differs in case only from the column size",
        "TITLE differs in case only from the column title",
    ]


def test_new_attributes_get_one_type_that_all_values_have() -> None:
    rows = [
        {"a": 1, "b": True, "c": 1, "d": [1], "e": None},
        {"a": 2.5, "b": False, "c": "x", "d": {"k": 1}, "e": None},
    ]
    frame, refused = made(*({"item_id": str(n)} | row for n, row in enumerate(rows)), table=stored())
    assert refused.is_empty()
    types = {name: frame.schema[name] for name in "abcde"}
    assert types == {"a": pl.Float64, "b": pl.Boolean, "c": pl.String, "d": pl.String, "e": pl.String}
    assert frame["c"].to_list() == ["1", "x"]


def test_two_new_attributes_that_differ_in_case_only_do_not_meet() -> None:
    frame, refused = made({"item_id": "a", "fit": 1}, {"item_id": "b", "Fit": 1}, table=stored())
    assert (frame["item_id"].to_list(), refused["line"].to_list()) == (["a"], [8])


def test_an_item_keeps_when_it_was_created() -> None:
    own = datetime(2022, 1, 1, tzinfo=UTC)
    frame, _ = made({"item_id": "old"}, {"item_id": "new"}, {"item_id": "told", "created_at": own}, table=stored())
    assert frame["created_at"].to_list() == [datetime(2020, 1, 1, tzinfo=UTC), T, own]
