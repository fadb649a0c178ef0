from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import KINDS, data_of, day, events, impressions, items, prompts_of
from intentrec.data.log import DAY
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.examples import Examples
from intentrec.encoder.negatives import HardNegatives, Known
from intentrec.errors import DataError

SHELF = items(*({"item_id": name, "title": "red lamp", "price": 1.0, "category": "xy"[name > "b"]} for name in "abcd"))
CONFIG = EncoderConfig(history="all", user_tokens=48, validation_days=3.0)
LATER = st.lists(
    st.tuples(st.sampled_from("uvxyz"), st.sampled_from("abcd"), st.integers(10, 12), st.booleans()), max_size=12
)


def everything(vocabulary, log, shelf, passed):
    """All that training and serving read as of day 10."""
    data = data_of(log, shelf, CONFIG, passed=passed)
    prompts, examples = prompts_of(data, vocabulary), Examples.of(data)
    ends = data.histories.starts[1:]
    read = prompts.items(range(len(data.items)), data.numbers.at(data.end))
    read += [prompts.user(data.histories, user, end, np.empty(0, int)) for user, end in enumerate(ends.tolist())]
    drawn, _ = HardNegatives(data, Known.of(data)).draw(examples, 2, np.random.default_rng(0))
    made = [getattr(examples, field.name) for field in fields(examples)]
    return [data.users.names, data.items.names, *(part.tolist() for part in [*read, *made, drawn])]


@settings(max_examples=40)
@given(LATER)
def test_nothing_at_or_after_the_moment_is_read(vocabulary, later):
    log = events("u a 1", "u b 4", "v c 2", "v a 9", "u d 9.5")
    passed = impressions("u c 4", "v d 9")
    before = everything(vocabulary, log, SHELF, passed)
    new = [{"item_id": f"new-{n}", "title": "blue lamp", "price": 9.0, "created_at": day(10 + n)} for n in range(2)]
    more = events(*(f"{user} {item} {when}" for user, item, when, taken in later if taken), "v new-0 10")
    shown = impressions(*(f"{user} {item} {when}" for user, item, when, taken in later if not taken), "u new-1 11")
    after = everything(vocabulary, pl.concat([more, log]), pl.concat([items(*new), SHELF]), pl.concat([shown, passed]))
    assert after == before


def test_items_are_in_order_of_their_ids_and_exist_before_the_moment():
    shelf = items(
        {"item_id": "b", "title": "b", "created_at": day(9.99)},
        {"item_id": "c", "title": "c", "created_at": day(10)},
        {"item_id": "a", "title": "a"},
    )
    data = data_of(events("u a 1", "u c 2"), shelf, CONFIG)
    assert data.items.names == ("a", "b")
    assert data.frame["item_id"].to_list() == ["a", "b"]
    assert len(data.log) == 1


def test_only_given_kinds_of_events_are_read():
    log = pl.concat([events("u a 1", "u b 2"), events("u c 3", "w d 4", kind="view")])
    data = data_of(log, SHELF, CONFIG)
    assert data.log.item.tolist() == [0, 1]
    assert data.users.names == ("u", "w")  # somebody who only looked has an empty history


def test_users_who_were_only_shown_something_are_known():
    data = data_of(events("u a 1"), SHELF, CONFIG, passed=impressions("v b 2", "w c 3 clicked", "x d 10"))
    assert data.users.names == ("u", "v")
    assert len(data.passed) == 1


@pytest.mark.parametrize("passed", [None, impressions()])
def test_a_log_without_impressions_is_read(passed):
    assert len(data_of(events("u a 1"), SHELF, CONFIG, passed=passed).passed) == 0


def test_categories_are_coded_and_none_is_none():
    shelf = SHELF.with_columns(category=pl.Series(["x", "y", None, "x"]))
    assert data_of(events("u a 1"), shelf, CONFIG).category.tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize(
    ("shelf", "message"),
    [
        (items(), "The 0 items before .* have 0 ids"),
        (items({"item_id": "a", "title": "x"}, {"item_id": "a", "title": "y"}), "The 2 items before .* have 1 ids"),
        (items({"item_id": "a", "title": "x", "created_at": day(11)}), "The 0 items before"),
    ],
)
def test_items_need_ids_of_their_own(shelf, message):
    with pytest.raises(DataError, match=message):
        data_of(events("u a 1"), shelf, CONFIG)


def test_a_moment_names_its_time_zone():
    with pytest.raises(DataError, match="names no time zone"):
        EncoderData.build(events("u a 1"), SHELF, None, as_of=day(10).replace(tzinfo=None), kinds=KINDS, config=CONFIG)


def test_the_window_begins_so_many_days_before_the_moment():
    log = events("u a 1", "u b 6.9", "u c 7")
    for config, days in ((CONFIG, 3), (CONFIG.model_copy(update={"validation": "last"}), 0)):
        data = data_of(log, SHELF, config)
        assert data.end - data.since == days * DAY
    assert data_of(log, SHELF, CONFIG).held_out().tolist() == [False, False, True]
