from datetime import timedelta

import pytest

from intentrec.data.splits import global_time, leave_one_out
from intentrec.errors import ConfigError
from intentrec.evaluation.baselines import Popularity
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.search import first_of, grid_of, inside
from intentrec.evaluation.spaces import FloatRange, PopularitySpace
from intentrec.evaluation.tuning import CLASSES, build, tune, tune_system, validation_of

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


RANGE = SMALL.model_copy(
    update={"popularity": PopularitySpace(days=FloatRange(low=1, high=400, log=True)), "trials": 8}
)


def test_a_range_is_searched_with_the_whole_budget_and_finds_the_short_window(split, shelf):
    setting, trials = tune("popularity", validation_of(split, shelf("x", "y", "z"), RANGE, None), RANGE)
    assert len(trials) == 8
    assert setting["days"] < 19
    assert trials.filter("chosen")["recall"].item() == trials["recall"].max() == 1.0


def test_the_same_seed_tries_the_same_settings_and_another_seed_others(split, shelf):
    validation = validation_of(split, shelf("x", "y", "z"), RANGE, None)
    other = RANGE.model_copy(update={"seed": 1})
    first, again, different = (tune("popularity", validation, config)[1] for config in (RANGE, RANGE, other))
    assert first.equals(again)
    assert not first["setting"].equals(different["setting"])


def test_a_search_says_nothing_on_any_stream(split, shelf, capfd):
    tune("popularity", validation_of(split, shelf("x", "y", "z"), RANGE, None), RANGE)
    assert capfd.readouterr() == ("", "")


def test_new_targets_are_ranked_without_what_was_seen(log, shelf):
    """a and b hold y, the most popular item; what is new to them is z."""
    events = log("a y 0", "b y 0", "c y 0", "c z 0", "a z 21", "b z 22", "d x 31")
    split = global_time(events, events["timestamp"].min() + 30 * DAY, 10 * DAY)
    found = {}
    for view in ("all", "new"):
        config = SMALL.model_copy(update={"tuning_view": view})
        found[view] = validation_of(split, shelf("x", "y", "z"), config, None).recall(Popularity(days=365), 1)
    assert found == {"all": 0.0, "new": 1.0}


class Fixed:
    """Somebody's own retriever: lists the item that it was made with, and refuses when told to."""

    name = "fixed"

    def __init__(self, setting):
        self.item = setting["item"]

    def fit(self, events, items):
        if self.item == "refuse":
            raise ConfigError("too large")
        return self

    def recommend(self, users, k, *, filter_viewed=True, items=None):
        import polars as pl

        return pl.DataFrame({"user_id": users, "rank": [1] * len(users), "item_id": [self.item] * len(users)})


def test_any_system_can_be_tuned_with_the_same_budget(split, shelf):
    validation = validation_of(split, shelf("x", "y", "z"), SMALL, None)
    setting, trials = tune_system(Fixed, {"item": ("x", "y", "z")}, validation, name="mine", trials=3, k=1)
    assert setting == {"item": "y"}
    assert trials["setting"].to_list() == ["item=x", "item=y", "item=z"]
    assert trials["recall"].to_list() == [0.0, 1.0, 0.0]
    assert trials["system"].unique().to_list() == ["mine"]


def test_a_setting_that_cannot_begin_is_not_chosen_and_a_search_of_such_is_an_error(split, shelf):
    validation = validation_of(split, shelf("x", "y", "z"), SMALL, None)
    setting, trials = tune_system(Fixed, {"item": ("refuse", "x")}, validation, name="mine", trials=3, k=1)
    assert setting == {"item": "x"}
    assert trials["recall"].to_list() == [None, 0.0]
    with pytest.raises(ConfigError, match="too large"):
        tune_system(Fixed, {"item": ("refuse", "refuse")}, validation, name="mine", trials=3, k=1)


def test_every_default_list_of_settings_fits_the_default_budget():
    config = EvaluationConfig()
    for name in ("popularity", "ease", "ials"):
        assert len(grid_of(getattr(config, name).dimensions(), config.trials)) <= config.trials


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_start_lies_in_its_space_and_every_option_is_one_of_the_baseline(name):
    config = EvaluationConfig(memory_limit_gb=3.0, seed=7)
    space = getattr(config, name)
    for setting in (first_of(space.dimensions(), ()), *space.STARTS):
        assert inside(setting, space.dimensions())
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
