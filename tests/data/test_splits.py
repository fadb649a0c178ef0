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


def test_leave_one_out_holds_the_last_event_of_each_user(log):
    events = log(("u", 1, "a"), ("u", 3, "b"), ("u", 2, "c"), ("v", 5, "a"), ("v", 4, "a"))
    split = leave_one_out(events)
    assert split.targets.select("user_id", "item_id", "repeat").rows() == [("u", "b", False), ("v", "a", True)]
    assert split.train["row"].to_list() == [0, 2, 4]
    assert (split.name, split.leaky, split.cut, split.validation_cut) == ("leave-one-out", True, None, None)


def test_among_ties_the_greatest_item_is_last_whatever_the_order_of_rows(log):
    one = leave_one_out(log(("u", 1, "b"), ("u", 1, "c"), ("u", 1, "a")))
    other = leave_one_out(log(("u", 1, "c"), ("u", 1, "a"), ("u", 1, "b")))
    assert one.targets.equals(other.targets)
    assert one.targets["item_id"].to_list() == ["c"]


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
@given(rows, kinds)
def test_leave_one_out_never_trains_on_what_a_user_did_later(values, kinds):
    events = frame_of(values)
    split = leave_one_out(events, kinds)
    assert not split.targets["user_id"].is_duplicated().any()
    joined = split.train.join(split.targets.select("user_id", until="timestamp"), on="user_id")
    assert (joined["timestamp"] <= joined["until"]).all()
    held = events.join(split.train, on="row", how="anti").filter(
        pl.lit(kinds is None) | pl.col("event").is_in(kinds or [])
    )
    assert set(split.targets.select("user_id", "item_id", "timestamp").rows()) <= set(
        held.select("user_id", "item_id", "timestamp").rows()
    )
    assert split.train["row"].is_sorted()


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_splits_do_not_depend_on_the_order_of_rows(values, random):
    shuffled = random.sample(values, len(values))
    for split in (lambda e: global_time(e, CUT, WEEK), leave_one_out):
        assert split(frame_of(values)).targets.equals(split(frame_of(shuffled)).targets)
