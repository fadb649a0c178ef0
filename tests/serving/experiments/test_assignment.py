import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from intentrec.serving.experiments.assignment import Assignment, uniform
from intentrec.serving.experiments.definition import Experiment

USERS = [f"user-{n}" for n in range(20_000)]


def experiment(shares=None, **given):
    arms = {name: {"share": share} for name, share in (shares or {"a": 0.5, "b": 0.5}).items()}
    return Experiment.model_validate({"salt": "s", "arms": arms} | given)


def arms(found):
    assignment = Assignment(found)
    return [assignment.arm(user) for user in USERS]


PAGE = Path(__file__).parents[3] / "docs" / "experiments.md"
SHARES = {"control": 0.5, "one": 0.3, "two": 0.2}


def test_the_vectors_of_the_page_hold():
    # They are what a client in another language is checked with, so they never change.
    table = PAGE.read_text("utf-8").split("## The exposure log")[0].split("Test vectors:")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) >= 8
    assignment = Assignment(experiment(SHARES, salt="beta-2026", traffic=0.5))
    for quoted, *numbers, arm in rows:
        user = quoted.strip("`")
        prefixes = ["beta-2026/traffic", *(f"beta-2026/arm/{name}" for name in SHARES)]
        assert [uniform(prefix, user) for prefix in prefixes] == [float(number) for number in numbers]
        assert assignment.arm(user) == (None if arm == "-" else arm)


@given(st.text(), st.text())
def test_every_id_gets_a_number_from_zero_to_below_one(prefix, user):
    assert 0.0 <= uniform(prefix, user) < 1.0


def test_ids_that_have_no_utf_8_get_one_too():
    assert uniform("s", "\ud800") != uniform("s", "\ud801")


def test_the_numbers_are_uniform_and_those_of_two_salts_independent():
    one, other = (np.array([uniform(salt, user) for user in USERS]) for salt in ("s", "t"))
    assert stats.kstest(one, "uniform").pvalue > 0.001
    cells = np.histogram2d(one, other, bins=10)[0]
    assert stats.chisquare(cells.ravel()).pvalue > 0.001


@given(st.integers(0, 10_000))
def test_sequential_ids_of_any_salt_are_spread_evenly(salt):
    found = np.array([uniform(str(salt), str(n)) for n in range(400)])
    counts = np.bincount((found * 8).astype(int), minlength=8)
    assert stats.chisquare(counts).pvalue > 1e-6  # some hundreds of salts are tried


@pytest.mark.parametrize("shares", [{"a": 0.5, "b": 0.5}, {"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.3, "c": 0.5}])
def test_arms_get_their_shares(shares):
    counts = Counter(arms(experiment(shares)))
    assert set(counts) == set(shares)
    expected = [len(USERS) * share for share in shares.values()]
    assert stats.chisquare([counts[name] for name in shares], expected).pvalue > 0.001


def test_who_takes_part_says_nothing_about_the_arm():
    counts = Counter(arms(experiment(traffic=0.3)))
    out = counts.pop(None)
    assert stats.binomtest(len(USERS) - out, len(USERS), 0.3).pvalue > 0.001
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


@given(st.floats(0, 1), st.floats(0, 1), st.text())
def test_more_traffic_adds_users_and_moves_none(some, more, user):
    little, much = (Assignment(experiment(traffic=traffic)).arm(user) for traffic in sorted([some, more]))
    assert little is None or little == much


def test_all_traffic_is_everybody_and_none_nobody():
    assert None not in arms(experiment())
    assert set(arms(experiment(traffic=0.0))) == {None}


def test_experiments_of_one_layer_never_meet_and_together_have_everybody():
    first = arms(experiment(layer="l", traffic=0.4))
    second = arms(experiment(salt="t", layer="l", traffic=0.6, traffic_from=0.4))
    assert all((one is None) != (two is None) for one, two in zip(first, second, strict=True))


def moves(before, after):
    pairs = zip(arms(experiment(before)), arms(experiment(after)), strict=True)
    return Counter((one, two) for one, two in pairs if one != two)


def test_a_share_that_grows_takes_users_only_to_its_arm_and_as_few_as_possible():
    moved = moves({"a": 0.5, "b": 0.5}, {"a": 0.7, "b": 0.3})
    assert set(moved) == {("b", "a")}
    assert moved.total() == pytest.approx(0.2 * len(USERS), rel=0.05)


def test_a_new_arm_takes_users_from_the_others_who_keep_theirs():
    moved = moves({"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.4, "c": 0.2})
    assert set(moved) == {("a", "c"), ("b", "c")}
    assert moved.total() == pytest.approx(0.2 * len(USERS), rel=0.05)


def test_the_order_of_the_arms_does_not_matter():
    assert not moves({"a": 0.2, "b": 0.3, "c": 0.5}, {"c": 0.5, "a": 0.2, "b": 0.3})


def test_another_salt_draws_anew():
    one, other = arms(experiment()), arms(experiment(salt="t"))
    assert sum(a == b for a, b in zip(one, other, strict=True)) == pytest.approx(len(USERS) / 2, rel=0.05)


def test_another_process_draws_the_same():
    code = "from intentrec.serving.experiments.assignment import uniform; print(uniform('s/arm/a', 'Zoë'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(printed) == uniform("s/arm/a", "Zoë")
