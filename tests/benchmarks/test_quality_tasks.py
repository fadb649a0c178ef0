from datetime import UTC, datetime

import polars as pl
import pytest

from benchmarks.quality.tasks import load
from intentrec.errors import ConfigError, DataError

DAY = 86_400


def beauty(folder, events):
    """Rows are user, item, day, position."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(events, schema=["user_id", "item_id", "timestamp", "position"], orient="row")
    frame.with_columns(pl.col("timestamp") * DAY).write_parquet(folder / "events.parquet")
    names = sorted({item for _, item, _, _ in events} | {"z"})
    pl.DataFrame(
        {
            "item_id": names,
            "title": [f"title of {name}" for name in names],
            "category": ["Hair"] * len(names),
            "brand": [None, *["Brand"] * (len(names) - 1)],
        }
    ).write_parquet(folder / "items.parquet")
    return folder


def test_the_last_of_a_day_is_what_the_file_names_last(tmp_path):
    rows = [("u", "c", 5, 2), ("u", "b", 5, 3), ("u", "a", 1, 0), ("u", "d", 5, 1), ("v", "a", 9, 0), ("v", "d", 9, 1)]
    task = load(beauty(tmp_path / "x", rows), "beauty", "leave-one-out")
    assert task.split.targets.select("user_id", "item_id").sort("user_id").rows() == [("u", "b"), ("v", "d")]
    assert task.split.train.filter(pl.col("user_id") == "u")["item_id"].to_list() == ["a", "d", "c"]


def test_a_folder_above_the_log_will_do_and_another_is_refused(tmp_path):
    beauty(tmp_path / "amazon-beauty", [("u", "a", 1, 0), ("u", "b", 2, 1)])
    assert load(tmp_path, "beauty", "leave-one-out").key == "beauty-leave-one-out"
    with pytest.raises(DataError, match="holds no events"):
        load(tmp_path, "online-retail", "time")
    with pytest.raises(ConfigError, match="order within a user"):
        load(tmp_path, "online-retail", "leave-one-out")


def test_the_window_ends_with_the_last_day_and_every_item_can_be_ranked(tmp_path):
    rows = [("u", "a", 0, 0), ("u", "b", 99, 1), ("v", "a", 9, 0), ("v", "c", 10, 1)]
    task = load(beauty(tmp_path / "x", rows), "beauty", "time")
    assert task.as_of == datetime(1970, 1, 11, tzinfo=UTC)  # 90 days before the end of day 99
    assert sorted(task.split.targets["item_id"]) == ["b", "c"]
    assert task.items["item_id"].to_list() == ["a", "b", "c", "z"]


def test_texts_leave_out_what_is_missing(tmp_path):
    task = load(beauty(tmp_path / "x", [("u", "a", 1, 0), ("u", "b", 2, 1)]), "beauty", "leave-one-out")
    assert task.texts == ["title of a Hair", "title of b Brand Hair", "title of z Brand Hair"]


def test_the_version_is_of_events_and_items(tmp_path):
    one = load(beauty(tmp_path / "x", [("u", "a", 1, 0), ("u", "b", 2, 1)]), "beauty", "leave-one-out")
    other = load(beauty(tmp_path / "y", [("u", "a", 1, 0), ("u", "b", 3, 1)]), "beauty", "leave-one-out")
    assert one.version != other.version
    assert one.version == load(tmp_path / "x", "beauty", "leave-one-out").version


def retail(folder, events):
    """Rows are user, item, day, kind, price."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["user_id", "item_id", "timestamp", "event_type", "price"]
    frame = pl.DataFrame(events, schema=columns, orient="row")
    frame.with_columns(pl.col("timestamp") * DAY).write_parquet(folder / "events.parquet")
    names = sorted({row[1] for row in events})
    nothing = pl.Series([None] * len(names), dtype=pl.String)
    items = {"item_id": names, "title": names, "category": nothing, "brand": nothing, "price": [99.0] * len(names)}
    pl.DataFrame(items).write_parquet(folder / "items.parquet")
    return folder


def test_returns_are_left_out_and_prices_are_those_before_the_cut(tmp_path):
    rows = [
        ("u", "a", 1, "purchase", 2.0),
        ("u", "a", 2, "purchase", 4.0),
        ("u", "a", 3, "return", 50.0),
        ("v", "a", 40, "purchase", 80.0),
        ("v", "new", 41, "purchase", 7.0),
        ("u", "new", 42, "purchase", 9.0),
        ("u", "odd", 1, "purchase", 0.0),
    ]
    task = load(retail(tmp_path / "x", rows), "online-retail", "time")
    assert dict(task.items.select("item_id", "price").rows()) == {"a": 3.0, "new": 7.0, "odd": None}
    assert task.split.train.height == 3
    assert task.views[0] == "all"
    assert not task.has_categories


def test_items_come_out_just_before_the_window_in_which_they_were_first_taken(tmp_path):
    bought = {"old": 1, "edge": 12, "before": 39, "after": 40, "last": 67}
    rows = [("u", item, day, "purchase", 1.0) for item, day in bought.items()] + [("u", "old", 66, "purchase", 1.0)]
    task = load(retail(tmp_path / "x", rows), "online-retail", "time")
    days = {
        name: (at - task.as_of).total_seconds() / DAY for name, at in task.items.select("item_id", "created_at").rows()
    }
    assert task.as_of == datetime(1970, 2, 10, tzinfo=UTC)
    assert {name: round(day) for name, day in days.items()} == {
        "old": -56, "edge": -28, "before": -28, "after": 0, "last": 0
    }  # fmt: skip
    assert all(day < round(day) for day in days.values())


def test_groceries_are_concepts(tmp_path):
    pl.DataFrame(
        {
            "user_id": ["1", "1"], "item_id": ["10", "11"], "timestamp": [DAY, 40 * DAY],
            "event_type": ["purchase", "purchase_deal"], "value": [4.0, 9.0], "quantity": [2, 0],
        }
    ).write_parquet(tmp_path / "events.parquet")  # fmt: skip
    same = {"category": "Milk", "department": "Dairy", "brand": "B", "brand_type": "national", "description": "d"}
    rows = [
        {"item_id": i, "title": "t", "product_type": p, "concept_id": 7, **same}
        for i, p in (("10", None), ("11", "Fluid"))
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "items.parquet")
    task = load(tmp_path, "completejourney", "time")
    assert task.items.drop("created_at").row(0, named=True) == {
        "item_id": "7", "title": "Fluid", "category": "Milk", "brand": "national", "department": "Dairy", "price": 2.0,
    }  # fmt: skip
    assert task.split.targets.row(0, named=True)["repeat"]


def test_fewer_users_keep_their_whole_histories(tmp_path):
    rows = [(f"u{n}", item, n, place) for n in range(20) for place, item in enumerate("abc")]
    task = load(beauty(tmp_path / "x", rows), "beauty", "leave-one-out", users=5)
    assert len(task.users) == 5
    assert task.split.train.group_by("user_id").len()["len"].to_list() == [2] * 5
    assert task.items["item_id"].to_list() == ["a", "b", "c"]
