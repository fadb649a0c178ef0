import tomllib

import pytest

from intentrec.config import Config, parse_config, template
from intentrec.errors import ConfigError
from intentrec.serving.experiments.definition import Experiment


def parsed(text):
    return parse_config(tomllib.loads(text), "intentrec.toml").serving


def experiment(**given):
    arms = {"control": {"share": 0.5}, "one": {"share": 0.5, "beta": 1.0}}
    return Experiment.model_validate({"salt": "x", "arms": arms} | given)


BETA = """
[serving.experiments.beta]
arms = { control = { share = 0.5 }, one = { share = 0.5, beta = 1.0, explain = false } }
guardrails = [{ metric = "GMV", margin = 0.05 }]
"""


def test_an_experiment_is_a_section_whose_first_arm_is_the_control_and_whose_salt_is_its_name():
    (name, found), *others = parsed(BETA).experiments.named.items()
    assert (name, found.salt, found.control, found.treatments, others) == ("beta", "beta", "control", ("one",), [])
    assert found.arms["one"].settings == {"beta": 1.0, "explain": False}
    assert found.needed == {"CTR", "GMV"}


def test_without_experiments_there_are_none_and_the_commented_settings_name_them():
    assert Config().serving.experiments.named == {}
    assert "# experiments = {" in template()


def test_a_given_salt_stays():
    assert parsed(BETA + 'salt = "again"').experiments.named["beta"].salt == "again"


def test_an_a_a_experiment_needs_nothing_but_to_be_called_one():
    found = parsed("[serving.experiments.check]\naa = true").experiments.named["check"]
    assert {name: arm.share for name, arm in found.arms.items()} == {"a": 0.5, "b": 0.5}
    assert found.settings() == frozenset()


def test_arms_given_to_an_a_a_experiment_are_taken():
    found = parsed("[serving.experiments.check]\naa = true\narms = { x = { share = 0.25 }, y = { share = 0.75 } }")
    assert found.experiments.named["check"].control == "x"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"arms": {"a": {"share": 0.5}, "b": {"share": 0.4}}}, "add up to 0.9"),
        ({"arms": {"a": {"share": 1.0}}}, "at least two arms"),
        ({"aa": True}, "take beta out"),
        ({"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "start must be before end"),
        ({"layer": "l", "traffic_from": 0.6, "traffic": 0.5}, "must not pass 1"),
        ({"traffic_from": 0.5, "traffic": 0.5}, "needs a layer"),
        ({"sart": "2026-02-01T00:00:00Z"}, "Extra inputs"),
        ({"arms": {"a b": {"share": 0.5}, "b": {"share": 0.5}}}, "match pattern"),
        ({"primary": "clicks"}, "'CTR'"),
    ],
)
def test_what_makes_no_sense_is_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        experiment(**changed)


def two(first, second):
    arms = "arms = { a = { share = 0.5 }, b = { share = 0.5, KEY } }\n"
    sections = [
        f"[serving.experiments.e{n}]\n{given}\n{arms.replace('KEY', key)}"
        for n, (given, key) in enumerate([first, second])
    ]
    return parsed("\n".join(sections)).experiments.named


def test_experiments_that_set_different_things_may_overlap():
    assert list(two(("", "beta = 1.0"), ("", "diversity = 0.1"))) == ["e0", "e1"]


def test_experiments_that_set_the_same_thing_for_the_same_users_are_refused():
    with pytest.raises(ConfigError, match="both set beta: give them one layer"):
        two(("", "beta = 1.0"), ("", "beta = 0.0"))


def test_one_after_the_other_they_may():
    assert two(("end = 2026-02-01T00:00:00Z", "beta = 1.0"), ("start = 2026-02-01T00:00:00Z", "beta = 0.0"))
    assert two(("start = 2026-02-01T00:00:00Z", "beta = 1.0"), ("end = 2026-02-01T00:00:00Z", "beta = 0.0"))


def test_in_one_layer_they_may_as_long_as_their_users_are_others():
    layer = 'layer = "l"\ntraffic = 0.5'
    assert two((layer, "beta = 1.0"), (f"{layer}\ntraffic_from = 0.5", "beta = 0.0"))
    with pytest.raises(ConfigError, match="share users of the layer l"):
        two((layer, "beta = 1.0"), (f"{layer}\ntraffic_from = 0.4", "diversity = 0.0"))


def test_one_salt_for_two_experiments_is_refused():
    with pytest.raises(ConfigError, match="one salt"):
        two(('salt = "s"', "beta = 1.0"), ('salt = "s"', "diversity = 0.0"))


def test_a_wrong_key_is_named_with_its_place():
    with pytest.raises(ConfigError, match=r"serving\.experiments\.beta\.arms\.one\.betta"):
        parsed(BETA.replace("beta = 1.0", "betta = 1.0"))


@pytest.mark.parametrize("given", ["experiments = 3", "experiments = { beta = 3 }"])
def test_what_is_no_section_is_refused(given):
    with pytest.raises(ConfigError, match="experiments"):
        parsed(f"[serving]\n{given}")
