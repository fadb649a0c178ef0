"""Made experiments whose truth is known, each looked at every day. `python -m benchmarks.experiments` runs more."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.experiments.tables import TABLES, found, guardrails, lifts, mismatches, running_totals, share
from benchmarks.experiments.worlds import KINDS, World

RUNS = 200


def alarms(kind, runs=RUNS, **given):
    metric, draw = KINDS[kind]
    return found(World(metric, draw, **given), runs, seed=11)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_difference_daily_looks_find_one_no_more_often_than_promised(kind):
    drawn = alarms(kind, users=4_000)
    # 5 % of 200 are 10; more than 20 would happen once in a thousand times if it were exactly 5 %.
    assert sum(each.day is not None for each in drawn) <= 20


def test_ordinary_tests_at_daily_looks_find_a_difference_far_too_often():
    drawn = alarms("counts (IPV)", users=4_000)
    assert sum(each.any_t for each in drawn) > 35
    assert sum(each.last_t for each in drawn) <= 20


def test_a_small_arm_of_a_heavy_tail_would_raise_false_alarms_and_is_not_judged():
    drawn = alarms("heavy tail (GMV)", 60, users=20_000, share=0.95)
    assert sum(each.day is not None for each in drawn) <= 8
    assert np.mean([each.judged for each in drawn]) < 0.5


def test_a_planted_lift_is_found_by_the_planned_end_or_with_twice_the_users():
    (small, large) = [row for row in lifts(60, seed=3) if row["metric"] == "counts (IPV)"]
    once = "t-test, one look at the end"
    assert 0.6 < small[once] < 0.95
    assert 0.3 < small["confidence sequence"] < small[once]
    assert large["confidence sequence"] > 0.7


def test_the_past_of_users_makes_lifts_visible_earlier():
    metric, draw = KINDS["counts with CUPED"]
    world = World(metric, draw, users=4_000, lift=1.06)

    def without_past(rng, n, lift):
        return {name: values for name, values in draw(rng, n, lift).items() if name == "views"}

    with_it, without = (found(each, 60, seed=4) for each in (world, replace(world, draw=without_past)))
    assert share([each.day is not None for each in with_it]) > 0.8
    assert share([each.day is not None for each in without]) < 0.5


def test_mismatches_are_caught_and_none_is_raised_without_one():
    rows = {row["true share"]: row["sequential test"] for row in mismatches(40, seed=5)}
    assert rows["50.0%"] == 0.0
    assert rows["49.0%"] > 0.8
    assert rows["48.0%"] == rows["45.0%"] == 1.0


def test_guardrails_are_kept_and_breaches_caught():
    rows = {row["true change"]: row for row in guardrails(40, seed=6)}
    assert rows["+0%"]["said to hold, ever"] > 0.9
    assert rows["-10%"]["said to be breached, ever"] > 0.9
    # At the margin neither may be said more often than 5 %: 2 of 40, at most 7 with the luck of one in a thousand.
    at_the_margin = rows["-5%"]
    assert at_the_margin["said to hold, ever"] <= 7 / 40
    assert at_the_margin["said to be breached, ever"] <= 7 / 40


def test_every_table_has_rows():
    assert len(list(running_totals(2, seed=0))) == 6
    assert all(callable(table) for table in TABLES.values())
