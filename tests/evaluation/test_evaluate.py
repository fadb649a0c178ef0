import json
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from evaluations import MINE, NONE, QUICK, SEEN, Lists
from intentrec.data.splits import Split, global_time, leave_one_out
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation import Cost, EvaluationConfig, Extras, Seeded, evaluate, trained_baselines
from intentrec.tables import USER_METRICS

DAY = timedelta(days=1)


@pytest.fixture
def split(log):
    events = log(
        "a x 0", "a y 5", "b y 6", "b z 12", "d x 13", "d z 14",
        "a x 21", "a z 21", "a later 22", "b y 22", "c x 23",
    )  # fmt: skip
    return global_time(events, events["timestamp"].min() + 20 * DAY, 10 * DAY)


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


# strata, exposure, what only one finds -------------------------------------------------------------------------------


def test_strata_of_users_by_hand(split, items):
    found = evaluate({"mine": MINE}, split, items, NONE.model_copy(update={"activity": (1,)}))
    strata = found.summary.filter(pl.col("view") == "all", pl.col("metric") == "recall@2")
    assert dict(strata.select("stratum", "users").iter_rows()) == {
        "everyone": 3, "users: no history": 1, "users: more than 1 events": 2, "items: head": 2, "items: torso": 1,
        "items: tail": 1, "items: new": 1,
    }  # fmt: skip
    assert found.value("mine", "recall@2", stratum="users: no history") == 0.0
    assert found.value("mine", "recall@2", stratum="users: more than 1 events") == pytest.approx((2 / 3 + 1) / 2)


def test_strata_of_items_count_targets_of_their_group_only(split, items):
    # Before the cut x, y and z have two events each: head x, torso y, tail z; "later" was not visible.
    found = evaluate({"mine": MINE}, split, items, NONE)
    assert found.value("mine", "recall@2", stratum="items: head") == pytest.approx((1 + 0) / 2)  # a hits x, c not
    assert found.value("mine", "recall@2", stratum="items: torso") == 1.0
    assert found.value("mine", "recall@2", stratum="items: tail") == 1.0
    assert found.value("mine", "recall@2", stratum="items: new") == 0.0


def test_strata_of_users_average_to_everyone(split, items):
    found = evaluate({"mine": MINE}, split, items, QUICK)
    for view in found.views:
        rows = found.summary.filter(pl.col("view") == view, pl.col("metric") == "ndcg@2", pl.col("system") == "mine")
        parts = rows.filter(pl.col("stratum").str.starts_with("users:"))
        assert int(parts["users"].sum()) == rows.filter(pl.col("stratum") == "everyone")["users"][0]
        mean = float((parts["value"] * parts["users"]).sum() / parts["users"].sum())
        assert mean == pytest.approx(found.value("mine", "ndcg@2", view), abs=1e-6)


def test_strata_hold_recall_and_ndcg_alone_and_are_tested(split, items):
    found = evaluate({"mine": MINE}, split, items, QUICK)
    inner = found.summary.filter(pl.col("stratum") != "everyone")
    assert set(inner["metric"]) == {"recall@1", "recall@2", "ndcg@1", "ndcg@2"}
    tested = found.comparisons.filter(pl.col("stratum") == "items: head")
    assert set(tested["against"]) == {"popularity", "itemknn", "ease", "ials"}
    assert tested.drop_nulls().height == tested.height


def test_paired_tests_agree_on_what_is_clear(log, shelf):
    """One system knows every answer, the other none."""
    users = [f"u{n:02}" for n in range(40)]
    events = log(*(f"{user} x 0" for user in users), *(f"{user} y 9" for user in users))
    split = global_time(events, events["timestamp"].min() + 5 * DAY, 10 * DAY)
    good, bad = Lists(dict.fromkeys(users, "y")), Lists(dict.fromkeys(users, "x"))
    found = evaluate({"good": good, "bad": bad}, split, shelf("x", "y"), NONE)
    row = found.comparisons.filter(pl.col("metric") == "recall@1", pl.col("stratum") == "everyone").row(0, named=True)
    assert (row["system"], row["against"], row["difference"]) == ("good", "bad", 1.0)
    assert row["p_holm"] < 0.01
    assert row["p_wilcoxon_holm"] < 1e-6


def test_what_only_one_system_finds(split, items):
    """mine finds x and z of a, y of b; other finds x of a and x of c."""
    other = Lists({"a": "xy", "c": "x"})
    found = evaluate({"mine": MINE, "other": other}, split, items, NONE)
    rows = found.exclusive.filter(pl.col("view") == "all", pl.col("k") == 2)
    values = {row["system"]: row for row in rows.to_dicts()}
    assert values["mine"]["recall"] == pytest.approx(found.value("mine", "recall@2"))
    assert values["mine"]["exclusive"] == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert values["other"]["exclusive"] == pytest.approx((0 + 0 + 1) / 3)
    assert values["other"]["low"] <= values["other"]["exclusive"] <= values["other"]["high"]


def test_exposure_says_where_places_go_and_where_targets_are(split, items):
    found = evaluate({"mine": MINE}, split, items, NONE)
    rows = found.exposure.filter(pl.col("view") == "all").sort("group")
    assert rows["group"].to_list() == list(range(1, 11))
    # Three items of equal popularity, by id: x in tenth 1, y in 4, z in 7. Lists xz, zy, zy; targets x, z, y, x.
    by_group = {row["group"]: row for row in rows.to_dicts()}
    assert [by_group[g]["share_listed"] for g in (1, 4, 7)] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert [by_group[g]["share_targets"] for g in (1, 4, 7)] == pytest.approx([2 / 4, 1 / 4, 1 / 4])
    assert [by_group[g]["recall"] for g in (1, 4, 7)] == pytest.approx([1 / 2, 1, 1])
    assert by_group[2]["recall"] is None


# metrics wired in ----------------------------------------------------------------------------------------------------


def test_every_metric_of_the_contract_is_measured(split, items):
    vectors = pl.DataFrame({"item_id": ["x", "y", "z"], "vector": [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]})
    found = evaluate({"mine": MINE}, split, items, NONE, extras=Extras(vectors=vectors))
    names = [
        "recall", "ndcg", "mrr", "debiased_ndcg", "coverage", "gini", "novelty", "diversity", "category_diversity",
        "categories", "cicd", "eicd",
    ]  # fmt: skip
    measured = set(found.summary.filter(pl.col("stratum") == "everyone")["metric"])
    assert measured == {f"{name}@{k}" for name in names for k in (1, 2)}
    assert found.value("mine", "eicd@2") == found.value("mine", "categories@2")
    # a hits x (one) and z (two); b hits y (one); c nothing.
    assert found.value("mine", "cicd@2") == pytest.approx((2 + 1 + 0) / 3)
    # Lists xz, zy, zy: x and z point the same way.
    assert found.value("mine", "diversity@2") == pytest.approx((0 + 1 + 1) / 3)
    assert found.value("mine", "novelty@1") == pytest.approx(np.log2(3))
    assert found.value("mine", "mrr@2") == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_debiased_ndcg_by_hand(log, shelf):
    """One target each: p is met at place 1 by u, the rare r at place 2 by v."""
    events = log(*[f"w{n} p 0" for n in range(4)], "w0 r 0", "u p 9", "v r 9")
    split = global_time(events, events["timestamp"].min() + 5 * DAY, 10 * DAY)
    found = evaluate({"mine": Lists({"u": "pr", "v": "pr"})}, split, shelf("p", "r"), NONE)
    weight = 4**0.5
    assert found.value("mine", "ndcg@2") == pytest.approx((1 + 1 / np.log2(3)) / 2)
    assert found.value("mine", "debiased_ndcg@2") == pytest.approx((1 + weight / np.log2(3)) / (1 + weight))
    plain = evaluate(
        {"mine": Lists({"u": "pr", "v": "pr"})}, split, shelf("p", "r"), NONE.model_copy(update={"debias_gamma": 0.0})
    )
    assert plain.value("mine", "debiased_ndcg@2") == pytest.approx(plain.value("mine", "ndcg@2"))


def test_views_that_are_not_asked_for_are_not_ranked(split, items):
    asked = []

    class Spy(Lists):
        def recommend(self, users, k, *, filter_viewed=True):
            asked.append(filter_viewed)
            return super().recommend(users, k, filter_viewed=filter_viewed)

    found = evaluate({"mine": Spy(MINE.lists, SEEN)}, split, items, NONE.model_copy(update={"views": ("new",)}))
    assert (found.views, asked) == (["new"], [True])


def test_leave_one_out_with_lists_of_ten_over_all_items_without_what_was_seen(log, shelf):
    events = log("a x 0", "a y 1", "a z 2", "b y 0", "b x 0", "b z 0", "c z 0")
    split = leave_one_out(events)
    lists = Lists({"a": "xyzw", "b": "wxz"}, {"a": "xy", "b": "xy"})
    config = EvaluationConfig(ks=(1, 10), views=("new",), baselines=(), samples=100)
    found = evaluate({"mine": lists}, split, shelf("w", "x", "y", "z"), config)
    assert found.value("mine", "recall@10", "new") == 1.0
    assert found.value("mine", "ndcg@10", "new") == pytest.approx((1 + 1 / np.log2(3)) / 2)
    assert found.per_user["n_targets"].to_list() == [1, 1]


# seeds, costs, memory ------------------------------------------------------------------------------------------------


def test_several_seeds_are_averaged_by_user_and_their_spread_is_told(split, items):
    runs = [Lists({"a": "x"}), Lists({"a": "y"})]
    found = evaluate({"mine": Seeded.of(runs), "one": MINE}, split, items, NONE)
    of_a = found.per_user.filter(pl.col("system") == "mine", pl.col("view") == "all", pl.col("user_id") == "a")
    assert of_a["recall@1"].to_list() == pytest.approx([(1 / 3 + 0) / 2])
    spread = found.spread.filter(pl.col("view") == "all", pl.col("metric") == "recall@1").row(0, named=True)
    assert (spread["system"], spread["seeds"]) == ("mine", 2)
    assert (spread["least"], spread["most"]) == pytest.approx((0.0, 1 / 9))
    assert spread["mean"] == pytest.approx(found.value("mine", "recall@1"))
    assert spread["std"] == pytest.approx((1 / 9) / np.sqrt(2))
    assert "one" not in found.spread["system"]


def test_equal_seeds_are_one_system(split, items):
    once = evaluate({"mine": MINE}, split, items, NONE)
    thrice = evaluate({"mine": Seeded(lambda _: MINE, (0, 1, 2))}, split, items, NONE)
    for name in ("summary", "per_user", "exclusive", "exposure"):
        assert_frame_equal(getattr(once, name), getattr(thrice, name))


def test_costs_are_measured_and_what_the_caller_knows_is_kept(split, items):
    found = evaluate({"mine": MINE}, split, items, QUICK, extras=Extras(costs={"mine": Cost(train_s=9.0, mb=2.0)}))
    rows = {row["system"]: row for row in found.costs.to_dicts()}
    assert list(rows) == found.systems
    assert (rows["mine"]["train_s"], rows["mine"]["mb"]) == (9.0, 2.0)
    assert all(row["train_s"] is not None and row["ms_per_user"] is not None for row in rows.values())


def test_what_would_not_fit_in_memory_is_refused_before_anything_is_asked(split, items):
    class Never:
        def recommend(self, users, k, *, filter_viewed=True):
            raise AssertionError

    with pytest.raises(ConfigError, match="needs about"):
        evaluate({"mine": Never()}, split, items, NONE.model_copy(update={"memory_limit_gb": 1e-6}))


def test_what_the_report_needs_is_passed_on(split, items):
    sweep = pl.DataFrame({"system": ["mine"], "knob": ["beta"], "setting": [0.5], "recall": [0.1], "ndcg": [0.1],
                          "diversity": [0.2], "category_diversity": [0.3]})  # fmt: skip
    tags = pl.DataFrame({"user_id": ["a"], "rank": [1], "category": ["one"]})
    found = evaluate({}, split, items, NONE, extras=Extras(sweep=sweep, about={"seed": "0"}, tags=tags))
    assert (found.sweep.equals(sweep), found.about) == (True, {"seed": "0"})
    assert found.tag_hits.filter(pl.col("of") == "users")["hit_rate"].to_list() == [0.5]  # x of the basket of x and z
