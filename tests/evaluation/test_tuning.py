from datetime import timedelta

import pytest

from intentrec.data.splits import global_time, leave_one_out
from intentrec.evaluation.config import EvaluationConfig, ItemKNNSpace, PopularitySpace
from intentrec.evaluation.tuning import build, settings_of, tune, validation_of, written

DAY = timedelta(days=1)


@pytest.fixture
def split(log):
    """Before the validation window: x is popular of old, y of late; in the window: y; after the cut: x."""
    events = log(
        "a x 0", "b x 0", "c x 0", "a y 18", "b y 18", "c z 18",
        "d y 21", "e y 22", "f y 25", "f x 31", "g x 32",
    )  # fmt: skip
    return global_time(events, events["timestamp"].min() + 30 * DAY, 10 * DAY)


SMALL = EvaluationConfig(popularity=PopularitySpace(days=(365, 2)), tuning_k=1)


def test_validation_ends_at_the_cut_and_begins_at_its_own(split, shelf):
    found = validation_of(split, shelf("x", "y", "z"), SMALL, None)
    assert found.train["timestamp"].max() < split.validation_cut
    assert found.targets.users.to_list() == ["d", "e", "f"]
    assert int(found.targets.n_targets.sum()) == 3


def test_validation_targets_are_of_the_kinds_asked_for(split, shelf):
    assert len(validation_of(split, shelf("x", "y"), SMALL, ["view"]).targets.users) == 0
    assert len(validation_of(split, shelf("x", "y"), SMALL, {"purchase"}).targets.users) == 3


def test_without_a_validation_time_the_last_event_of_training_is_held_out(log, shelf):
    split = leave_one_out(log("a x 0", "a y 1", "a z 2", "b x 0", "b z 1"))
    found = validation_of(split, shelf("x", "y", "z"), SMALL, None)
    assert found.targets.users.to_list() == ["a"]
    assert found.train["item_id"].to_list() == ["x", "x"]


def test_validation_users_are_drawn_by_seed(split, shelf):
    config = SMALL.model_copy(update={"tuning_users": 2})
    first, again = (validation_of(split, shelf("x", "y"), config, None).targets.users for _ in range(2))
    assert len(first) == 2
    assert first.equals(again)


def test_the_best_setting_on_the_window_is_chosen_and_all_are_kept(split, shelf):
    items = shelf("x", "y", "z")
    setting, trials = tune("popularity", validation_of(split, items, SMALL, None), SMALL)
    assert setting == {"days": 2}
    assert trials["setting"].to_list() == ["days=365", "days=2"]
    assert trials["recall"].to_list() == [0.0, 1.0]
    assert trials["chosen"].to_list() == [False, True]


def test_what_happens_after_the_cut_does_not_change_the_choice(split, shelf, log):
    items = shelf("x", "y", "z")
    other = global_time(split.train, split.cut, 10 * DAY)
    found = [tune("popularity", validation_of(each, items, SMALL, None), SMALL)[1] for each in (split, other)]
    assert found[0].equals(found[1])


def test_the_first_of_equal_settings_is_chosen(split, shelf):
    items, config = shelf("x", "y", "z"), SMALL.model_copy(update={"popularity": PopularitySpace(days=(3, 2))})
    assert tune("popularity", validation_of(split, items, config, None), config)[0] == {"days": 3}


def test_one_setting_is_taken_unmeasured(split, shelf):
    items, config = shelf("x", "y"), SMALL.model_copy(update={"popularity": PopularitySpace(days=(3,))})
    setting, trials = tune("popularity", validation_of(split, items, config, None), config)
    assert setting == {"days": 3}
    assert trials.row(0) == ("popularity", 0, "days=3", None, True)


def test_a_window_without_targets_takes_the_first_setting(split, shelf):
    validation = validation_of(split, shelf("x"), SMALL, ["view"])
    assert tune("popularity", validation, SMALL)[0] == {"days": 365}


def test_a_small_grid_is_tried_whole_and_a_large_one_is_drawn():
    grid = EvaluationConfig(trials=4, itemknn=ItemKNNSpace(neighbours=(5, 6), shrinkage=(1, 2), half_life_days=(9,)))
    assert [written(setting) for setting in settings_of("itemknn", grid)] == [
        "neighbours=5 shrinkage=1 half_life_days=9",
        "neighbours=5 shrinkage=2 half_life_days=9",
        "neighbours=6 shrinkage=1 half_life_days=9",
        "neighbours=6 shrinkage=2 half_life_days=9",
    ]
    drawn = settings_of("itemknn", grid.model_copy(update={"trials": 3}))
    assert len(drawn) == 3
    assert all(setting in settings_of("itemknn", grid) for setting in drawn)
    assert drawn == settings_of("itemknn", grid.model_copy(update={"trials": 3}))


def test_every_default_grid_fits_the_default_budget():
    config = EvaluationConfig()
    everything = config.model_copy(update={"trials": 10_000})
    for name in config.baselines:
        assert len(settings_of(name, config)) == len(settings_of(name, everything)) <= config.trials


@pytest.mark.parametrize("name", EvaluationConfig().baselines)
def test_every_setting_of_a_space_is_an_option_of_its_baseline(name):
    config = EvaluationConfig(memory_limit_gb=3.0, seed=7)
    for setting in settings_of(name, config):
        system = build(name, setting, config)
        assert vars(system).items() >= setting.items()
        assert (system.name, system.memory_limit_gb) == (name, 3.0)
        assert getattr(system, "seed", 7) == 7


def test_half_lives_keep_their_own_matrices(split, shelf):
    validation = validation_of(split, shelf("x", "y", "z"), SMALL, None)
    short, long = (build("ease", {"regularisation": 1, "half_life_days": days}, SMALL) for days in (1, 365))
    for system in (short, long, short):
        validation.recall(system, 1)
    fresh = build("ease", {"regularisation": 1, "half_life_days": 1}, SMALL).fit(validation.train, validation.items)
    for user in ("a", "c"):
        assert short.recommend([user], 3).equals(fresh.recommend([user], 3))
    assert not short.recommend(["a"], 3)["score"].equals(long.recommend(["a"], 3)["score"])
