import json
from contextlib import contextmanager
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data.splits import Split, global_time, leave_one_out
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation import EvaluationConfig, evaluate, trained_baselines
from intentrec.evaluation.config import EASESpace, IALSSpace, ItemKNNSpace, PopularitySpace
from intentrec.tables import USER_METRICS

DAY = timedelta(days=1)
QUICK = EvaluationConfig(
    ks=(1, 2),
    samples=200,
    trials=2,
    popularity=PopularitySpace(days=(365,)),
    itemknn=ItemKNNSpace(neighbours=(5,)),
    ease=EASESpace(regularisation=(1,)),
    ials=IALSSpace(factors=(2,), regularisation=(1, 2)),
)
NONE = QUICK.model_copy(update={"baselines": ()})


class Lists:
    """A system that knows its answer: user -> items, filtered by what the user had seen."""

    def __init__(self, lists, seen=None):
        self.lists, self.seen = lists, seen or {}

    def recommend(self, users, k, *, filter_viewed=True):
        rows = []
        for user in users:
            barred = self.seen.get(user, ()) if filter_viewed else ()
            kept = [item for item in self.lists.get(user, ()) if item not in barred][:k]
            rows += [(user, rank, item) for rank, item in enumerate(kept, 1)]
        return pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.UInt32, "item_id": pl.String}, orient="row")


@pytest.fixture
def split(log):
    events = log(
        "a x 0", "a y 5", "b y 6", "b z 12", "d x 13", "d z 14",
        "a x 21", "a z 21", "a later 22", "b y 22", "c x 23",
    )  # fmt: skip
    return global_time(events, events["timestamp"].min() + 20 * DAY, 10 * DAY)


@pytest.fixture
def items(shelf):
    return shelf("x:one", "y:one", "z:two")


SEEN = {"a": "xy", "b": "yz"}
MINE = Lists({"a": "xzy", "b": "zy", "c": "zyx"}, SEEN)


def test_one_system_by_hand(split, items):
    found = evaluate({"mine": MINE}, split, items, NONE)
    # a: x hit, z hit of 3 targets; b: miss, then hit; c: two misses.
    assert found.value("mine", "recall@1") == pytest.approx((1 / 3 + 0 + 0) / 3)
    assert found.value("mine", "recall@2") == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.value("mine", "coverage@1") == pytest.approx(2 / 3)
    assert found.value("mine", "categories@2") == pytest.approx(2.0)
    # a may see z only, its new targets are z and later; c: two misses.
    assert found.value("mine", "recall@2", "new") == pytest.approx((1 / 2 + 0) / 2)
    assert found.value("mine", "recall@2", "repeat") == pytest.approx(1.0)
    assert found.value("mine", "recall@2", "known") == pytest.approx((2 / 3 + 1) / 2)


def test_notes_say_who_was_measured_and_what_nobody_could_know(split, items):
    notes = "\n".join(evaluate({"mine": MINE}, split, items, NONE).notes)
    assert "View 'all' (every target, nothing filtered): 3 users, 5 targets; 0 users" in notes
    assert "1 targets (20.0%) are items that were not visible and count as misses" in notes
    assert "1 of 3 users have no earlier event; personal baselines give them the popular list." in notes


def test_per_user_values_keep_the_contract_and_average_to_the_summary(split, items):
    found = evaluate({"mine": MINE}, split, items, QUICK)
    assert USER_METRICS.check(found.per_user).equals(found.per_user)
    assert found.per_user.select(USER_METRICS.key).is_unique().all()
    means = found.per_user.group_by("system", "view").agg(pl.col("ndcg@2").mean(), pl.len())
    for row in means.to_dicts():
        assert row["ndcg@2"] == pytest.approx(found.value(row["system"], "ndcg@2", row["view"]))


def test_all_baselines_stand_beside_the_given_system_and_are_tuned(split, items):
    found = evaluate({"mine": MINE}, split, items, QUICK)
    assert found.systems == ["mine", "popularity", "itemknn", "ease", "ials"]
    assert found.tuning.filter("chosen")["system"].to_list() == found.systems[1:]
    assert len(found.tuning.filter(pl.col("system") == "ials")) == 2


def test_intervals_hold_their_value(split, items):
    rows = evaluate({"mine": MINE}, split, items, QUICK).summary.drop_nulls("low")
    assert (rows["low"] <= rows["value"] + 1e-12).all()
    assert (rows["value"] <= rows["high"] + 1e-12).all()


def test_given_systems_are_compared_with_all_others_and_baselines_only_if_alone(split, items):
    recall = (pl.col("metric") == "recall@2") & (pl.col("stratum") == "everyone")
    pairs = evaluate({"mine": MINE, "other": MINE}, split, items, QUICK).comparisons.filter(
        recall, pl.col("view") == "all"
    )
    assert len(pairs) == 1 + 2 * 4
    assert pairs.row(0, named=True)["p_holm"] == 1.0
    alone = evaluate({}, split, items, QUICK).comparisons.filter(recall, pl.col("view") == "all")
    assert len(alone) == 6


def test_strangers_get_the_popular_list_from_every_system_unless_asked_otherwise(split, items):
    config = QUICK.model_copy(update={"baselines": ("ease",), "strangers": "nothing"})
    of_c = (pl.col("user_id") == "c") & (pl.col("view") == "all")
    without = evaluate({}, split, items, config)
    assert without.per_user.filter(of_c)["recall@2"].to_list() == [0.0]
    given = evaluate({}, split, items, config.model_copy(update={"strangers": "popularity"}))
    assert given.systems == ["ease"]
    assert given.per_user.filter(of_c)["recall@2"].to_list() == [1.0]
    assert given.value("ease", "recall@2", "known") == without.value("ease", "recall@2", "known")
    assert "the popular list" in given.notes[-1]


def test_baselines_learn_nothing_after_the_cut(split, items, log):
    probe = ["a", "b", "c", "d"]
    other = Split("time", False, split.cut, split.train, split.targets.head(1), split.validation_cut)
    for one, two in zip(*(trained_baselines(each, items, QUICK)[0].values() for each in (split, other)), strict=True):
        assert one.recommend(probe, 3, filter_viewed=False).equals(two.recommend(probe, 3, filter_viewed=False))


def test_the_same_comparison_twice_is_the_same(split, items):
    first, again = (evaluate({"mine": MINE}, split, items, QUICK) for _ in range(2))
    one, two = (json.dumps({k: v for k, v in each.to_json().items() if k != "costs"}) for each in (first, again))
    assert one == two
    assert first.per_user.equals(again.per_user)


def test_a_leaky_protocol_says_so(log, shelf):
    split = leave_one_out(log("a x 0", "a y 5", "b y 6", "b x 7"))
    found = evaluate({}, split, shelf("x", "y"), QUICK.model_copy(update={"baselines": ("popularity",)}))
    assert found.leaky
    assert found.notes[-1].startswith("Leaky:")


def test_items_without_a_category_column_have_no_diversity(split, items):
    found = evaluate({"mine": MINE}, split, items.drop("category"), NONE)
    assert not any("categor" in metric for metric in found.summary["metric"])


def test_a_view_without_users_is_left_out(split, items):
    new = Split("time", False, split.cut, split.train, split.targets.filter(~pl.col("repeat")), split.validation_cut)
    assert evaluate({"mine": MINE}, new, items, NONE).views == ["all", "new", "known"]


def test_nothing_to_find_is_an_error(split, items):
    empty = Split("time", False, split.cut, split.train, split.targets.head(0), split.validation_cut)
    with pytest.raises(DataError, match="nothing to find"):
        evaluate({}, empty, items, NONE)


def test_a_system_may_not_take_a_baselines_name(split, items):
    with pytest.raises(ConfigError, match="called 'ease'"):
        evaluate({"ease": MINE}, split, items, QUICK)


def test_no_system_at_all_gives_an_empty_comparison(split, items):
    found = evaluate({}, split, items, NONE)
    assert found.to_json()["systems"] == []
    assert found.per_user.is_empty()


def test_progress_hears_of_every_trial_and_every_system(split, items):
    heard = []

    class Loud:
        @contextmanager
        def track(self, label, total=None):
            done = []
            yield done.append
            heard.append((label, total, sum(done)))

    evaluate({"mine": MINE}, split, items, QUICK, progress=Loud())
    assert ("tuning ials", 2, 2) in heard
    assert heard[-1] == ("ranking", 5, 5)


@settings(max_examples=25, deadline=None)
@given(lists=st.fixed_dictionaries({user: st.permutations(["x", "y", "z"]) for user in "abc"}))
def test_a_longer_list_never_finds_less(lists):
    day = pl.datetime(2024, 1, 1, time_zone="UTC").cast(pl.Datetime("us", "UTC"))
    train = pl.DataFrame({"user_id": ["a"], "item_id": ["x"]}).with_columns(timestamp=day, event=pl.lit("purchase"))
    targets = pl.DataFrame({"user_id": ["a", "b", "c"], "item_id": ["x", "y", "z"]})
    split = Split("time", False, None, train, targets, train["timestamp"][0])
    config = EvaluationConfig(ks=(1, 2, 3), samples=100, baselines=())
    shelf = pl.DataFrame({"item_id": ["x", "y", "z"]})
    found = evaluate({"mine": Lists(lists)}, split, shelf, config)
    recalls = [found.value("mine", f"recall@{k}") for k in (1, 2, 3)]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0
