import tomllib
from datetime import UTC, datetime

import polars as pl
import pytest
from pydantic import ValidationError

from intentrec.data import DataConfig, EventsConfig
from intentrec.data.config import DEFAULT_KINDS


def events_of(toml: str) -> EventsConfig:
    return EventsConfig.model_validate(tomllib.loads(toml)["events"])


def test_without_a_section_the_default_kinds_are_known():
    config = EventsConfig()
    assert set(config.kinds) == set(DEFAULT_KINDS)
    assert config == EventsConfig({})
    assert config.named("search", "negative") == ("dislike", "return", "search")


def test_plain_views_and_clicks_are_noise():
    assert EventsConfig().named("noise") == ("click", "view")


def test_a_section_changes_only_the_keys_it_gives():
    config = events_of("[events.purchase]\nweight = 3")
    assert config.kinds["purchase"].role == "intent"
    assert config.kinds["purchase"].weight == 3
    assert config.kinds["cart"] == EventsConfig().kinds["cart"]


def test_a_kind_of_ones_own_stands_beside_the_defaults():
    config = events_of('[events.wishlist]\nrole = "intent"')
    assert "wishlist" in config.named("intent")
    assert config.kinds["wishlist"].weight == 1


def test_a_config_survives_being_written_and_read():
    config = events_of('[events.wishlist]\nrole = "negative"\nweight = 0.5')
    assert EventsConfig.model_validate(config.model_dump()) == config


def test_the_frame_lists_kinds_by_name():
    frame = EventsConfig().frame()
    assert frame.columns == ["event", "role", "kind_weight"]
    assert frame["event"].to_list() == sorted(DEFAULT_KINDS)
    assert frame.filter(event="cart").row(0) == ("cart", "intent", 0.8)


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[events.wishlist]\nweight = 1", "wishlist.role"),
        ("[events.purchase]\nwieght = 1", "wieght"),
        ("[events.purchase]\nweight = -1", "greater than or equal to 0"),
        ('[events.purchase]\nrole = "love"', "'intent', 'search', 'noise' or 'negative'"),
        ("[events]\npurchase = 3", "events"),
        ("events = 3", "valid dictionary"),
    ],
)
def test_a_wrong_kind_is_an_error_that_names_it(toml, complaint):
    with pytest.raises(ValidationError, match=complaint if complaint != "events" else "purchase"):
        events_of(toml)


def test_the_rename_map_is_per_table():
    config = DataConfig.model_validate(tomllib.loads('[rename.events]\nevent_type = "event"'))
    assert config.rename == {"events": {"event_type": "event"}}


@pytest.mark.parametrize("form", ["iso", "s", "ms", "us", "ns", "%d/%m/%Y", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"])
def test_known_ways_to_write_times(form):
    assert DataConfig(timestamp=form).timestamp == form


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"timestamp": "%Y"}, "whole date"),
        ({"timestamp": "%H:%M"}, "whole date"),
        ({"timestamp": "%Q"}, "whole date"),
        ({"timestamp": "seconds"}, "whole date"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"rename": {"event": {"a": "b"}}}, "'items', 'users', 'events' or 'impressions'"),
        ({"rename": {"events": {"a": "event", "b": "event"}}}, "two columns the same name"),
        ({"earliest": "2024-01-01T00:00:00"}, "timezone"),
        ({"latest": datetime(1980, 1, 1, tzinfo=UTC)}, "after data.earliest"),
        ({"max_bad_share": 1.5}, "less than or equal to 1"),
        ({"bot_treshold": 1}, "Extra inputs"),
    ],
)
def test_a_wrong_setting_is_an_error_that_says_what_fits(values, complaint):
    with pytest.raises(ValidationError, match=complaint):
        DataConfig.model_validate(values)


def test_events_weigh_as_much_as_their_kind_and_less_than_nothing_where_unwanted():
    roles = EventsConfig.model_validate({"gift": {"role": "intent", "weight": 0.5}})
    events = pl.DataFrame({"event": ["purchase", "return", "gift", "view"], "weight": [None, 2.0, 3.0, 1.0]})
    weighed = roles.weigh(events)
    assert weighed.columns == events.columns
    assert weighed["weight"].to_list() == [1.0, -2.0, 1.5, 0.1]
    assert roles.weigh(events.drop("weight"))["weight"].to_list() == [1.0, -1.0, 0.5, 0.1]
