import math

import pytest
from pydantic import ValidationError

from intentrec.errors import MissingExtra
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.search import first_of, grid_of, inside, searched
from intentrec.evaluation.spaces import FloatRange, IntRange, ItemKNNSpace, PopularitySpace

SPACE = {"x": FloatRange(low=0.01, high=100.0, log=True), "n": IntRange(low=1, high=9), "kind": ("a", "b")}


def hill(setting):
    """Highest at x = 1, n = 7, kind b."""
    return -abs(math.log(setting["x"])) - abs(setting["n"] - 7) - (setting["kind"] == "a")


def test_a_grid_is_given_in_its_order_and_only_where_it_fits():
    space = {"n": (5, 6), "s": (1.0, 2.0)}
    expected = [{"n": 5, "s": 1.0}, {"n": 5, "s": 2.0}, {"n": 6, "s": 1.0}, {"n": 6, "s": 2.0}]
    assert grid_of(space, 4) == expected
    assert grid_of(space, 3) is None
    assert grid_of(SPACE, 1_000) is None


def test_a_search_comes_nearer_than_its_first_draws():
    found = searched(SPACE, 60, 0, (), hill)
    first = max(value for _, value in found[:10])
    assert max(value for _, value in found) > first
    assert max(found, key=lambda pair: pair[1])[0]["n"] == 7


def test_values_stay_in_their_ranges_and_keep_their_types():
    for setting, _ in searched(SPACE, 30, 1, (), hill):
        assert inside(setting, SPACE)
        assert [type(value) for value in setting.values()] == [float, int, str]


def test_starts_are_tried_first_and_those_outside_are_left_out():
    starts = ({"x": 1000.0, "n": 1, "kind": "a"}, {"x": 2.0, "n": 7, "kind": "b"}, {"x": 1.0})
    found = searched(SPACE, 5, 0, starts, hill)
    assert found[0][0] == starts[1]
    assert starts[0] not in [setting for setting, _ in found]


def test_no_setting_is_measured_twice_even_where_few_are_left():
    measured = []
    found = searched({"kind": ("a", "b", "c")}, 10, 0, (), lambda setting: measured.append(setting) or 1.0)
    assert len(measured) == len(found) == 3


def test_the_same_seed_proposes_the_same():
    assert searched(SPACE, 20, 3, (), hill) == searched(SPACE, 20, 3, (), hill)


def test_a_setting_that_cannot_be_measured_is_kept_without_a_value():
    found = searched({"n": IntRange(low=1, high=4)}, 4, 0, (), lambda setting: None if setting["n"] == 2 else 1.0)
    assert {"n": 2} in [setting for setting, value in found if value is None]


def test_the_first_of_a_space_is_a_start_or_its_middle():
    assert first_of(SPACE, ()) == {"x": 1.0, "n": 5, "kind": "a"}
    assert first_of(SPACE, ({"x": 3.0, "n": 2, "kind": "b"},)) == {"x": 3.0, "n": 2, "kind": "b"}


def test_optuna_keeps_its_level_and_is_named_when_missing(monkeypatch):
    import optuna

    level = optuna.logging.get_verbosity()
    searched({"n": IntRange(low=1, high=4)}, 2, 0, (), lambda setting: 1.0)
    assert optuna.logging.get_verbosity() == level
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"intentrec\[evaluation\]"):
        searched({"n": IntRange(low=1, high=4)}, 2, 0, (), lambda setting: 1.0)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": []}, "at least 1"),
        ({"days": [0.0]}, "between"),
        ({"days": {"low": 5, "high": 5}}, "below high"),
        ({"days": {"low": 0, "high": 5, "log": True}}, "above 0"),
        ({"days": {"low": 1, "high": 1e9}}, "between"),
    ],
)
def test_spaces_that_make_no_sense_are_refused(wrong, why):
    with pytest.raises(ValidationError, match=why):
        PopularitySpace.model_validate(wrong)


def test_ranges_and_lists_are_read_from_settings():
    config = EvaluationConfig.model_validate(
        {"itemknn": {"neighbours": {"low": 5, "high": 50}, "shrinkage": [1, 2], "decay": {"low": 0.5, "high": 1}}}
    )
    assert config.itemknn.neighbours == IntRange(low=5, high=50)
    assert config.itemknn.shrinkage == (1.0, 2.0)
    assert config.itemknn.decay == FloatRange(low=0.5, high=1.0)
    assert ItemKNNSpace.model_validate(config.itemknn.model_dump()) == config.itemknn
