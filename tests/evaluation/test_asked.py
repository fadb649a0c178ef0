from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data.splits import global_time, leave_one_out
from intentrec.errors import ConfigError
from intentrec.evaluation.asked import asked_of, moments
from intentrec.evaluation.config import EvaluationConfig

DAY = timedelta(days=1)
LAST, SUCCESSIVE = (EvaluationConfig(targets=kind, moments_per_user=2) for kind in ("last", "successive"))


@pytest.fixture
def split(log):
    events = log("a x 0", "b y 5", "a y 21", "a z 21", "a x 22", "b y 23", "a z 24", "c x 25", "c y 26")
    return global_time(events, events["timestamp"].min() + 20 * DAY, 10 * DAY)


def described(asked):
    """(owner, item, touched, stranger) of each target, in the order of moments."""
    joined = asked.targets.join(asked.owners, on="user_id").sort("user_id", "item_id")
    return joined.select("owner", "item_id", "touched", "stranger").rows()


def test_a_window_asks_for_users_themselves(split):
    asked = asked_of(split, EvaluationConfig(), None)
    assert asked.owners.rows() == [("a", "a"), ("b", "b"), ("c", "c")]
    assert (asked.kind, asked.histories) == ("window", None)
    assert described(asked)[0] == ("a", "x", True, False)


def test_last_is_each_users_last_moment_with_all_before_it(split):
    asked = asked_of(split, LAST, None)
    assert described(asked) == [("a", "z", True, False), ("b", "y", True, False), ("c", "y", False, False)]
    past = asked.histories(asked.owners["user_id"])
    assert past.columns == split.train.columns
    assert past.select(pl.col("user_id").replace_strict(dict(asked.owners.iter_rows())), "item_id").rows() == [
        ("a", "x"), ("b", "y"), ("a", "y"), ("a", "z"), ("a", "x"), ("c", "x"),
    ]  # fmt: skip


def test_a_basket_is_one_moment_and_no_history_of_itself(split):
    asked = moments(split, None, 10)
    first = asked.owners["user_id"][0]
    assert asked.targets.filter(pl.col("user_id") == first)["item_id"].to_list() == ["y", "z"]
    assert asked.histories(pl.Series([first]))["item_id"].to_list() == ["x"]


def test_of_many_moments_the_latest_are_kept(split):
    owners = asked_of(split, SUCCESSIVE, None).owners
    assert owners["owner"].to_list() == ["a", "a", "b", "c", "c"]
    assert owners["user_id"].is_sorted()
    assert asked_of(split, LAST, None).targets.height == moments(split, None, 1).targets.height


def test_a_user_is_a_stranger_only_until_the_first_event(split):
    of_c = [row[1:] for row in described(moments(split, None, 10)) if row[0] == "c"]
    assert of_c == [("x", False, True), ("y", False, False)]


def test_histories_hold_kinds_that_are_no_targets(split):
    viewed = split.later.with_columns(event=pl.when(pl.col("item_id") == "z").then(pl.lit("view")).otherwise("event"))
    other = global_time(pl.concat([split.train, viewed]), split.cut, 10 * DAY, ["purchase"])
    asked = moments(other, ["purchase"], 1)
    assert "z" not in asked.targets["item_id"]
    assert "z" in asked.histories(asked.owners["user_id"])["item_id"]


def test_leave_one_out_has_its_one_target_whatever_is_set(split):
    events = pl.concat([split.train, split.later])
    assert asked_of(leave_one_out(events), SUCCESSIVE, None).kind == "window"


def test_targets_in_turn_need_a_time(split):
    from dataclasses import replace

    with pytest.raises(ConfigError, match='"successive" need one time'):
        asked_of(replace(split, later=None), SUCCESSIVE, None)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 30)), max_size=30),
    most=st.integers(1, 4),
)
def test_histories_are_exactly_what_was_before(rows, most):
    start = pl.datetime(2024, 1, 1, time_zone="UTC").cast(pl.Datetime("us", "UTC"))
    schema = {"user_id": pl.String, "item_id": pl.String, "day": pl.Int64}
    events = (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_row_index("row")
        .with_columns(timestamp=start + pl.duration(days="day"), event=pl.lit("purchase"))
    )
    cut = events.select(start)[0, 0] if events.is_empty() else pl.select(start).item() + 15 * DAY
    if events.is_empty():
        return
    split = global_time(events, cut, 10 * DAY)
    asked = moments(split, None, most)
    wanted = sorted({(u, d) for u, _, d in rows if 15 <= d < 25})
    kept = [pair for pair in wanted if sum(1 for u, d in wanted if u == pair[0] and d > pair[1]) < most]
    assert asked.owners["owner"].to_list() == [u for u, _ in kept]
    for (name, _), (user, day) in zip(asked.owners.iter_rows(), kept, strict=True):
        past = sorted((i, d) for u, i, d in rows if u == user and d < day)
        found = asked.histories(pl.Series([name]))
        assert sorted(found.select("item_id", "day").rows()) == past
        mine = asked.targets.filter(pl.col("user_id") == name)
        assert mine["item_id"].to_list() == sorted({i for u, i, d in rows if (u, d) == (user, day)})
        assert mine["touched"].to_list() == [i in {i for i, _ in past} for i in mine["item_id"]]
        assert mine["stranger"].to_list() == [not past] * len(mine)
