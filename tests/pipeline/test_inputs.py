"""What a run may see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.errors import DataError
from intentrec.pipeline.inputs import Inputs, day_after_last, load_inputs, parse_time
from intentrec.tables import EVENTS
from shop_world import START, Shop, open_shop


def test_by_default_a_run_sees_up_to_the_midnight_after_the_last_event(tmp_path: Path, shop: Shop) -> None:
    workspace, _ = open_shop(tmp_path / "shop", shop)
    inputs = load_inputs(workspace, None)
    last = shop.events["timestamp"].max()
    assert isinstance(last, datetime)
    assert inputs.as_of == datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    assert inputs.events.height == shop.events.height


def test_an_earlier_view_of_the_same_inputs_is_what_loading_them_then_gives(tmp_path: Path, shop: Shop) -> None:
    workspace, _ = open_shop(tmp_path / "shop", shop)
    cut = START + timedelta(days=50)
    narrowed, loaded = load_inputs(workspace, None).before(cut), load_inputs(workspace, cut)
    assert narrowed.events.equals(loaded.events)
    assert narrowed.items.equals(loaded.items)
    assert narrowed.users.equals(loaded.users)
    assert loaded.first_event() == loaded.events["timestamp"].min()


def test_brands_are_known_where_items_have_them(shop: Shop) -> None:
    items = shop.items.with_columns(brand=pl.Series([None, "Acme", "Zeta", "Acme", *[None] * (shop.items.height - 4)]))
    assert Inputs(items, shop.users, shop.events, START, {}).brands() == ["Acme", "Zeta"]
    assert Inputs(shop.items, shop.users, shop.events, START, {}).brands() == []


def test_events_without_a_time_are_refused(shop: Shop) -> None:
    with pytest.raises(DataError, match="no events with a timestamp"):
        Inputs(shop.items, shop.users, EVENTS.empty(), START, {}).first_event()
    with pytest.raises(DataError, match="have no timestamps"):
        day_after_last(EVENTS.empty())


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2024-05-01") == datetime(2024, 5, 1, tzinfo=UTC)
    assert parse_time("2024-05-01T02:00:00+02:00") == datetime(2024, 5, 1, tzinfo=UTC)
