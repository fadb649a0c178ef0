"""Targets in turn: each moment asked with its own history."""

from datetime import timedelta

import polars as pl
import pytest

from evaluations import MINE, NONE, QUICK
from intentrec.data.splits import global_time
from intentrec.errors import ConfigError
from intentrec.evaluation import evaluate

DAY = timedelta(days=1)


class Repeats:
    """Lists what the user had, latest first; knows histories."""

    def __init__(self, events):
        self.events = events

    def with_histories(self, events):
        return Repeats(events)

    def recommend(self, users, k, *, filter_viewed=True):
        had = self.events.filter(pl.col("user_id").is_in(list(users))).sort("timestamp", "row", descending=True)
        had = had.head(0) if filter_viewed else had.unique(["user_id", "item_id"], keep="first", maintain_order=True)
        rank = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("user_id").alias("rank")
        return had.with_columns(rank).filter(pl.col("rank") <= k).select("user_id", "rank", "item_id")


@pytest.fixture
def turns(log):
    events = log("a x 0", "b y 5", "a y 21", "a x 22", "a z 23", "b y 24", "c x 25")
    return global_time(events, events["timestamp"].min() + 20 * DAY, 10 * DAY)


def test_each_moment_is_asked_with_its_own_history_and_users_are_averaged(turns, items):
    config = NONE.model_copy(update={"targets": "successive"})
    found = evaluate({"repeats": Repeats(turns.train)}, turns, items, config)
    # a: y after [x] no; x after [y, x] at place 2; z no. b: y after [y] yes. c: a stranger.
    assert found.value("repeats", "recall@1") == pytest.approx((0 + 1 + 0) / 3)
    assert found.value("repeats", "recall@2") == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert found.value("repeats", "recall@2", "repeat") == pytest.approx(1.0)
    assert found.targets == "successive"
    of_a = found.per_user.filter(pl.col("user_id") == "a", pl.col("view") == "all")
    assert of_a.select("n_targets", "recall@2").row(0) == (3, pytest.approx(1 / 3))
    assert any(note.startswith("Targets 'successive': 5 moments of 3 users") for note in found.notes)


def test_last_asks_once_a_user(turns, items):
    found = evaluate({"repeats": Repeats(turns.train)}, turns, items, NONE.model_copy(update={"targets": "last"}))
    assert found.value("repeats", "recall@2") == pytest.approx((0 + 1 + 0) / 3)
    assert found.per_user.filter(pl.col("view") == "all")["n_targets"].to_list() == [1, 1, 1]


def test_baselines_take_their_turns_too(turns, items):
    found = evaluate({}, turns, items, QUICK.model_copy(update={"targets": "successive"}))
    assert found.systems == ["popularity", "itemknn", "ease", "ials"]
    assert found.value("popularity", "recall@2") > 0


def test_a_system_without_histories_is_named_before_anything_runs(turns, items):
    with pytest.raises(ConfigError, match=r'"last" need systems that have with_histories, which mine lacks'):
        evaluate({"mine": MINE}, turns, items, QUICK.model_copy(update={"targets": "last"}))
    assert evaluate({"mine": MINE}, turns, items, NONE).targets == "window"
