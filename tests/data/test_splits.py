from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data import by_column, global_time, leave_one_out
from intentrec.errors import DataError
from intentrec.tables import EVENTS

CUT = datetime(2024, 1, 10, tzinfo=UTC)
WEEK = timedelta(days=7)


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def test_targets_are_first_occurrences_within_the_window(log):
    events = log(("u", 9, "a"), ("u", 12, "b"), ("u", 10, "b"), ("u", 16, "a"), ("u", 17, "c"), ("v", 11, "a"))
    split = global_time(events, CUT, WEEK)
    assert split.targets.rows() == [
        ("u", "b", day(10), False),
        ("u", "a", day(16), True),
        ("v", "a", day(11), False),
    ]
    assert split.train["row"].to_list() == [0]
    assert (split.name, split.leaky, split.cut, split.validation_cut) == ("time", False, CUT, day(3))


def test_only_the_target_kinds_are_targets_and_make_repeats(log):
    events = log(("u", 1, "a", "view"), ("u", 2, "b"), ("u", 11, "a"), ("u", 11, "b"), ("u", 12, "c", "view"))
    split = global_time(events, CUT, WEEK, kinds=["purchase"])
    assert split.targets.select("item_id", "repeat").rows() == [("a", False), ("b", True)]
    assert split.train.height == 2


def test_searches_are_never_targets(log):
    assert global_time(log(("u", 11, None, "search")), CUT, WEEK).targets.is_empty()


def test_a_window_of_nothing_is_refused(log):
    with pytest.raises(DataError, match="longer than nothing"):
        global_time(log(), CUT, timedelta(0))


def test_leave_one_out_holds_the_last_event_of_each_user_in_the_order_of_the_log(log):
    events = log(("u", 1, "a"), ("u", 3, "b"), ("u", 2, "c"), ("v", 5, "a"), ("v", 4, "a"))
    split = leave_one_out(events)
    assert split.targets.select("user_id", "item_id", "repeat").rows() == [("u", "c", False), ("v", "a", True)]
    assert split.train["row"].to_list() == [0, 1, 3]
    assert (split.name, split.leaky, split.cut, split.validation_cut) == ("leave-one-out", True, None, None)


def test_leave_one_out_by_time_holds_the_latest_event(log):
    events = log(("u", 1, "a"), ("u", 3, "b"), ("u", 2, "c"), ("v", 5, "a"), ("v", 4, "b"), ("v", 5, "c"))
    split = leave_one_out(events, order="time")
    assert split.targets.select("user_id", "item_id").rows() == [("u", "b"), ("v", "c")]
    assert split.train["row"].to_list() == [0, 2, 3, 4]


@pytest.mark.parametrize("order", ["row", "time"])
def test_among_events_of_one_time_the_last_named_is_held_out(log, order):
    split = leave_one_out(log(("u", 1, "b"), ("u", 1, "c"), ("u", 1, "a")), order=order)
    assert split.targets["item_id"].to_list() == ["a"]


def test_the_canonical_order_is_that_of_row_numbers_not_of_the_frame(log):
    events = log(("u", 1, "a"), ("v", 1, "a"), ("u", 1, "b"), ("v", 1, "b"))
    assert leave_one_out(events[::-1]).targets.equals(leave_one_out(events).targets)
    assert leave_one_out(events).targets["item_id"].to_list() == ["b", "b"]


@pytest.mark.parametrize("order", ["row", "time"])
def test_leave_one_out_once_more_holds_out_the_validation_item(log, order):
    events = log(("u", 1, "a"), ("u", 2, "b"), ("u", 3, "c"), ("v", 1, "a"), ("v", 2, "b"))
    inner = leave_one_out(events, order=order).inner()
    assert inner.targets.select("user_id", "item_id").rows() == [("u", "b")]  # v has one event left, and keeps it
    assert inner.train["row"].to_list() == [0, 3]
    assert inner.order == order


def test_a_time_split_once_more_is_the_validation_window(log):
    events = log(("u", 1, "a"), ("u", 4, "b"), ("u", 9, "c"), ("u", 10, "d"))
    inner = global_time(events, CUT, WEEK).inner()
    assert (inner.cut, inner.train["row"].to_list(), inner.targets["item_id"].to_list()) == (day(3), [0], ["b", "c"])


def test_a_column_once_more_follows_its_validation_rows_even_where_times_mix(log):
    events = log(("u", 1, "a"), ("u", 6, "b"), ("v", 7, "a"), ("v", 8, "b"), ("u", 7, "c")).with_columns(
        part=pl.Series(["train", "validation", "train", "validation", "test"])
    )
    inner = by_column(events, "part").inner()
    assert inner.targets.select("user_id", "item_id").rows() == [("u", "b"), ("v", "b")]
    assert inner.train["row"].to_list() == [0, 2]


def test_a_column_without_validation_holds_out_the_last_event_of_training(log):
    events = log(("u", 1, "a"), ("u", 2, "b"), ("u", 3, "c")).with_columns(part=pl.Series(["train", "train", "test"]))
    assert by_column(events, "part").inner().targets["item_id"].to_list() == ["b"]


def test_what_happened_in_the_window_is_kept_whatever_its_kind(log):
    events = log(("u", 1, "a"), ("u", 11, "b", "view"), ("u", 12, "c"), ("u", 30, "d"))
    assert global_time(events, CUT, WEEK, ["purchase"]).later["row"].to_list() == [1, 2]
    assert leave_one_out(events).later is None


def test_what_follows_the_held_out_event_is_dropped(log):
    split = leave_one_out(log(("u", 1, "a"), ("u", 2, "b"), ("u", 3, "b", "return")), kinds=["purchase"])
    assert split.train["row"].to_list() == [0]


def test_a_user_without_a_past_or_without_a_target_stays_in_training(log):
    split = leave_one_out(log(("u", 1, "a"), ("v", 1, "a", "view"), ("v", 2, "b", "view")), kinds=["purchase"])
    assert split.targets.is_empty()
    assert split.train.height == 3
    assert not split.leaky


def test_leave_one_out_needs_numbered_events(log):
    with pytest.raises(DataError, match="'row'"):
        leave_one_out(log().drop("row"))


def test_a_column_can_say_the_split(log):
    events = log(("u", 1, "a"), ("u", 5, "b"), ("u", 9, "a"), ("v", 9, "c")).with_columns(
        part=pl.Series(["train", "validation", "test", "test"])
    )
    split = by_column(events, "part")
    assert (split.name, split.leaky, split.cut, split.validation_cut) == ("column", False, day(9), day(5))
    assert split.train["row"].to_list() == [0, 1]
    assert split.targets.select("item_id", "repeat").rows() == [("a", True), ("c", False)]


@pytest.mark.parametrize("word", ["valid", "val"])
def test_validation_has_short_names(log, word):
    events = log(("u", 1, "a"), ("u", 5, "b"), ("u", 9, "a"))
    parts = [events.with_columns(part=pl.Series(["train", middle, "test"])) for middle in (word, "validation")]
    short, full = (by_column(part, "part") for part in parts)
    assert short.train.equals(full.train)
    assert short.validation_cut == day(5)


def test_a_column_that_mixes_times_is_leaky(log):
    events = log(("u", 1, "a"), ("v", 5, "b"), ("u", 4, "c")).with_columns(part=pl.Series(["train", "train", "test"]))
    split = by_column(events, "part")
    assert (split.leaky, split.cut, split.validation_cut) == (True, None, None)


def test_validation_that_mixes_with_training_gives_no_cut(log):
    events = log(("u", 1, "a"), ("u", 3, "a"), ("u", 2, "b"), ("u", 4, "c")).with_columns(
        part=pl.Series(["train", "train", "validation", "test"])
    )
    assert by_column(events, "part").validation_cut is None
    assert not by_column(events, "part").leaky


@pytest.mark.parametrize(
    ("parts", "says"),
    [(["train", "hold"], "it holds hold"), (["train", None], "it holds None"), (["train", "train"], "it holds train")],
)
def test_a_column_with_other_words_is_refused(log, parts, says):
    events = log(("u", 1, "a"), ("u", 2, "a")).with_columns(part=pl.Series(parts, dtype=pl.String))
    with pytest.raises(DataError, match=says):
        by_column(events, "part")


def test_a_missing_column_is_refused(log):
    with pytest.raises(DataError, match="no column 'part'"):
        by_column(log(), "part")


rows = st.lists(
    st.tuples(
        st.sampled_from("uvw"), st.integers(1, 20), st.sampled_from("abcd"), st.sampled_from(["view", "purchase"])
    ),
    max_size=40,
)
kinds = st.sampled_from([None, ["purchase"]])


def frame_of(values) -> pl.DataFrame:
    return EVENTS.rows(
        {"row": n, "user_id": u, "timestamp": day(d), "item_id": i, "event": k} for n, (u, d, i, k) in enumerate(values)
    )


@settings(deadline=None)
@given(rows, kinds, st.integers(1, 20), st.integers(1, 10))
def test_a_time_split_separates_the_times(values, kinds, cut, window):
    events = frame_of(values)
    split = global_time(events, day(cut), timedelta(days=window), kinds)
    assert (split.train["timestamp"] < day(cut)).all()
    assert split.targets["timestamp"].is_between(day(cut), day(cut) + timedelta(days=window), closed="left").all()
    assert not split.targets.select("user_id", "item_id").is_duplicated().any()
    test = {(u, i) for u, d, i, k in values if cut <= d < cut + window and (kinds is None or k in kinds)}
    assert set(split.targets.select("user_id", "item_id").rows()) == test


@settings(deadline=None)
@given(rows, kinds, st.sampled_from(["row", "time"]))
def test_leave_one_out_never_trains_on_what_a_user_did_later(values, kinds, order):
    events = frame_of(values)
    split = leave_one_out(events, kinds, order=order)
    assert not split.targets["user_id"].is_duplicated().any()
    key = ["row"] if order == "row" else ["timestamp", "row"]
    ordered = events.sort(key).with_columns(place=pl.int_range(pl.len()))
    wanted = ordered.filter(pl.lit(kinds is None) | pl.col("event").is_in(kinds or []))
    last = wanted.group_by("user_id").agg(pl.col("place", "item_id").last())
    tested = last.join(split.targets, on=["user_id", "item_id"], how="semi")
    assert len(tested) == len(split.targets)
    learned = ordered.join(split.train, on="row", how="semi").join(tested.select("user_id", end="place"), on="user_id")
    assert (learned["place"] < learned["end"]).all()
    assert split.train["row"].is_sorted()


@settings(deadline=None)
@given(rows)
def test_leave_one_out_equals_the_last_row_of_each_user(values):
    events = frame_of(values)
    split = leave_one_out(events)
    last = {}
    for user, _, item, _ in values:
        last.setdefault(user, []).append(item)
    assert dict(split.targets.select("user_id", "item_id").rows()) == {u: i[-1] for u, i in last.items() if len(i) > 1}


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_splits_do_not_depend_on_the_order_of_the_frame(values, random):
    events = frame_of(values)
    shuffled = events[random.sample(range(len(events)), len(events))] if len(events) else events
    for split in (lambda e: global_time(e, CUT, WEEK), leave_one_out, lambda e: leave_one_out(e, order="time")):
        assert split(events).targets.equals(split(shuffled).targets)
