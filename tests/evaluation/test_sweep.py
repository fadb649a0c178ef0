from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from intentrec.data.splits import global_time
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation import EvaluationConfig, Extras, evaluate, sweep
from intentrec.evaluation.frames import SWEEP_SCHEMA

NONE = EvaluationConfig(baselines=(), samples=100, ks=(1, 2))


class Turned:
    """Lists "right" first where it is turned up, else the most popular first; counts how often it is asked."""

    def __init__(self, setting, asked):
        self.first, self.asked, self.setting = ("right" if setting > 0.5 else "wrong"), asked, setting

    def recommend(self, users, k, *, filter_viewed=True):
        self.asked.append((self.setting, filter_viewed))
        order = [self.first, *({"right", "wrong"} - {self.first}), "other"][:k]
        return pl.DataFrame(
            [{"user_id": user, "rank": rank, "item_id": item} for user in users for rank, item in enumerate(order, 1)]
        )


@pytest.fixture
def world(log, shelf):
    events = log("a wrong 0", "a other 1", "b wrong 0", "b right 1", "a right 11", "b right 11")
    first = events["timestamp"].min()
    split = global_time(events, first + timedelta(days=10), timedelta(days=10), None)
    return split, shelf("right:one", "wrong:two", "other:two")


def turned(world, asked, **more):
    return sweep(lambda setting: Turned(setting, asked), "knob", [1.0, 0.0, 1.0], *world, NONE, k=1, **more)


def test_each_setting_is_asked_once_and_measured_in_order(world):
    asked = []
    found = turned(world, asked, name="mine")
    assert asked == [(0.0, False), (1.0, False)]
    assert found.schema == SWEEP_SCHEMA
    assert found.select("system", "view", "k", "knob", "setting", "recall").rows() == [
        ("mine", "all", 1, "knob", 0.0, 0.0), ("mine", "all", 1, "knob", 1.0, 1.0),
    ]  # fmt: skip
    assert found["diversity"].to_list() == [None, None]


def test_numbers_are_those_of_a_comparison(world):
    vectors = pl.DataFrame({"item_id": ["right", "wrong", "other"], "vector": [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]})
    extras = Extras(vectors=vectors)
    row = sweep(lambda setting: Turned(setting, []), "knob", [1.0], *world, NONE, view="new", k=2, extras=extras).row(
        0, named=True
    )
    found = evaluate({"mine": Turned(1.0, [])}, *world, NONE, extras=extras)
    for metric in ("recall", "ndcg", "diversity", "category_diversity"):
        assert row[metric] == pytest.approx(found.value("mine", f"{metric}@2", view="new"), abs=1e-12)


def test_a_view_asks_as_the_comparison_does(world):
    asked = []
    turned(world, asked, view="new")
    assert asked == [(0.0, True), (1.0, True)]


def test_views_that_do_not_exist_or_have_no_targets_are_refused(world):
    with pytest.raises(ConfigError, match="no view 'old'; choose one of all, new, repeat, known"):
        turned(world, [], view="old")
    split, items = world
    kept = replace(split, targets=split.targets.filter(pl.col("user_id") == "a"))
    with pytest.raises(DataError, match="'repeat' has no targets"):
        turned((kept, items), [], view="repeat")
