import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import START, data_of, day, events, items
from intentrec.data.log import DAY, seconds
from intentrec.encoder.config import EncoderConfig

CONFIG = EncoderConfig(recent_days=2.0)
SHELF = items(
    {"item_id": "a", "title": "a", "price": 3.0},
    {"item_id": "b", "title": "b"},
    {"item_id": "c", "title": "c", "price": 1.0},
)
LINES = st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 9)), max_size=12)


def numbers(log, until=20):
    return data_of(log, SHELF, CONFIG, until=until).numbers


def at(when):
    return seconds(START) + when * DAY


def line(event):
    return " ".join(map(str, event))


def same(one, other):
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.percentiles, other.percentiles)


def test_popularity_counts_users_and_recent_demand_counts_events():
    log = events("u a 1", "u a 2", "u a 5", "v a 5.5", "v b 6", "w b 1")
    counted = numbers(log).at(at(6.5))
    np.testing.assert_array_equal(counted.values, [[2, 2, 3], [2, 1, np.nan], [0, 0, 1]])
    assert counted.percentiles.tolist() == [[50, 67, 50], [50, 34, 0], [0, 0, 25]]


@pytest.mark.parametrize(("when", "expected"), [(3.0, (0, 0)), (3.001, (1, 1)), (5.0, (1, 1)), (5.001, (1, 0))])
def test_an_event_counts_after_its_own_moment_and_is_recent_for_two_days(when, expected):
    values = numbers(events("u a 3", "u b 9")).at(at(when)).values
    assert tuple(values[0, :2]) == expected


def test_a_user_is_counted_once_from_the_first_time_on():
    of = numbers(events("u a 1", "u a 4", "v a 6"))
    assert [of.at(at(when)).values[0, 0] for when in (1, 2, 5, 7)] == [0, 1, 1, 2]


@settings(max_examples=40)
@given(LINES, LINES)
def test_what_comes_later_changes_nothing(early, late):
    later = [(user, item, when + 10) for user, item, when in late]
    before = numbers(events(*map(line, early), "x a 30"), until=31)
    after = numbers(events(*map(line, [*early, *later]), "x a 30"), until=31)
    same(before.at(at(10)), after.at(at(10)))


@settings(max_examples=40)
@given(LINES, st.integers(0, 9))
def test_the_numbers_of_a_moment_are_those_of_a_log_that_ends_there(lines, when):
    log = events(*map(line, lines))
    same(numbers(log).at(at(when)), numbers(log.filter(log["timestamp"] < day(when))).at(at(when)))


@settings(max_examples=40)
@given(LINES)
def test_taking_an_item_again_makes_it_no_more_popular(lines):
    once = numbers(events(*map(line, lines))).at(at(20)).values[:, 0]
    twice = numbers(events(*map(line, lines * 2))).at(at(20)).values[:, 0]
    np.testing.assert_array_equal(once, twice)


def test_a_shop_without_prices_has_none():
    shelf = SHELF.drop("price")
    counted = data_of(events("u a 1"), shelf, CONFIG).numbers.at(at(5))
    assert np.isnan(counted.values[:, 2]).all()
    assert not counted.percentiles[:, 2].any()


@settings(max_examples=40)
@given(LINES, st.lists(st.floats(0.01, 99), max_size=4))
def test_items_that_are_only_listed_change_no_number_of_others(lines, prices):
    log = events(*map(line, lines))
    new = items(*({"item_id": f"n{at}", "title": "n", "price": price} for at, price in enumerate(prices)))
    before = numbers(log).at(at(20))
    after = data_of(log, pl.concat([SHELF, new]) if prices else SHELF, CONFIG, until=20).numbers.at(at(20))
    np.testing.assert_array_equal(before.percentiles, after.percentiles[:3])
