from datetime import UTC, datetime, timedelta
from math import inf, isnan

import numpy as np
import polars as pl
import pytest

from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.looks import Panel, compare, look_times
from intentrec.serving.experiments.sequential import multiple, one_sided, p_value, tuned_rho2

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RHO2 = tuned_rho2(100, 0.05)


def experiment(**given):
    arms = {"a": {"share": 0.5}, "b": {"share": 0.5}}
    given = {"salt": "e", "arms": arms, "window_days": 1.0, "planned_users": 100, "least_users": 2} | given
    return Experiment.model_validate(given)


def frame(*rows, column="views"):
    """Rows of arm, days since the start, value."""
    schema = {"arm": pl.String, "days": pl.Float64, column: pl.Float64}
    made = pl.DataFrame(rows, schema=schema, orient="row")
    micros = (pl.col("days") * 86_400_000_000).cast(pl.Int64).cast(pl.Duration("us"))
    return made.with_columns(since=pl.lit(START) + micros)


FOUR = frame(("a", 0, 1), ("b", 0, 2), ("a", 0.5, 3), ("b", 2, 6))


def test_a_user_counts_when_the_window_and_the_delay_are_over():
    panel = Panel(FOUR, experiment(), timedelta(hours=6))
    times = (0.0, 1.24, 1.25, 1.75)
    assert [panel.counted("a", START + days * DAY) for days in times] == [0, 0, 1, 2]


def test_a_user_whose_window_outlasts_the_experiment_never_counts():
    panel = Panel(FOUR, experiment(end=START + 1.5 * DAY), timedelta())
    assert [panel.counted(arm, START + 9 * DAY) for arm in "ab"] == [2, 1]


def test_a_look_by_hand():
    found = compare(Panel(FOUR, experiment(), timedelta()), "IPV", "b", [START + 2 * DAY, START + 3 * DAY])
    (look,) = found.looks  # two days after the start the second arm has one user only
    error = np.sqrt((2 + 8) / 2)  # variances 2 and 8 of two users each
    wide = multiple(4, RHO2, 0.05)
    assert (look.at, look.n_control, look.n_treatment) == (START + 3 * DAY, 2, 2)
    assert (look.control, look.treatment, look.difference, look.relative) == (2, 4, 2, 1)
    assert look.error == pytest.approx(error)
    assert (look.low, look.high) == (pytest.approx(2 - wide * error), pytest.approx(2 + wide * error))
    assert look.p == p_value(2 / error, 4, RHO2)
    assert (look.relative_low, look.relative_high, look.worst, look.best) == (-inf, inf, -inf, inf)
    assert look.judged
    assert found.last is look


def many(control, treatment, n=400):
    rng = np.random.default_rng(0)
    rows = [("ab"[k % 2], k / n, rng.normal([control, treatment][k % 2])) for k in range(n)]
    return frame(*rows)


def test_bounds_for_guardrails_are_one_sided_and_relative():
    found = compare(Panel(many(10, 11), experiment(), timedelta()), "IPV", "b", [START + 2 * DAY]).last
    assert found is not None
    # The control's level is known well, so that its share of the error can be worked out by hand.
    one = float(one_sided(400, RHO2, 0.05))
    for end, sign in ((found.worst, -1), (found.best, 1)):
        assert end == pytest.approx(found.relative + sign * one * found.error / found.control, rel=0.1)
    assert found.relative_low < found.worst < found.relative < found.best < found.relative_high


def test_p_never_rises():
    looks = compare(
        Panel(many(10, 10.5), experiment(), timedelta()), "IPV", "b", [START + k / 9 * DAY for k in range(30)]
    )
    p = [look.p for look in looks.looks]
    assert p == sorted(p, reverse=True)
    assert p[-1] < 0.01


def test_two_treatments_share_the_chance_of_a_false_alarm():
    three = {name: {"share": share} for name, share in (("a", 0.5), ("b", 0.25), ("c", 0.25))}
    at = [START + 2 * DAY]
    alone = compare(Panel(many(10, 11), experiment(), timedelta()), "IPV", "b", at).last
    among = compare(Panel(many(10, 11), experiment(arms=three), timedelta()), "IPV", "b", at).last
    assert alone is not None
    assert among is not None
    rho2 = tuned_rho2(100, 0.025)
    assert among.high - among.difference == pytest.approx(multiple(400, rho2, 0.025) * alone.error)


def test_where_nothing_varies_nothing_is_judged():
    look = compare(
        Panel(frame(*[("ab"[k % 2], 0, 0) for k in range(8)]), experiment(), timedelta()), "IPV", "b", [START + DAY]
    ).last
    assert look is not None
    assert (look.judged, look.p, look.low, look.high) == (False, 1.0, -inf, inf)
    assert isnan(look.relative)


def test_a_small_arm_of_a_heavy_tail_is_not_judged_and_keeps_its_p():
    rng = np.random.default_rng(0)
    rows = [("b" if k % 50 == 0 else "a", 0, rng.lognormal(0, 2)) for k in range(5000)]
    look = compare(Panel(frame(*rows), experiment(), timedelta()), "IPV", "b", [START + DAY]).last
    assert look is not None
    assert (look.judged, look.p, look.worst, look.best) == (False, 1.0, -inf, inf)


def test_without_enough_users_there_is_no_look():
    found = compare(Panel(FOUR, experiment(least_users=3), timedelta()), "IPV", "b", [START + 9 * DAY])
    assert found.looks == ()
    assert found.last is None


def test_a_metric_is_recorded_when_anybody_has_any_of_it():
    panel = Panel(FOUR.with_columns(carts=0.0, clicks=0.0, showings=1.0), experiment(), timedelta())
    assert panel.recorded("IPV")
    assert not panel.recorded("ATC")
    assert panel.recorded("CTR")  # shown but never clicked is a rate of zero


def test_looks_are_at_midnights_and_at_the_end():
    begin = START + timedelta(hours=5)
    assert look_times(begin, START + 2.5 * DAY) == [START + DAY, START + 2 * DAY, START + 2.5 * DAY]
    assert look_times(begin, START + 2 * DAY) == [START + DAY, START + 2 * DAY]
    assert look_times(START, START + DAY) == [START + DAY]
    assert look_times(begin, START + timedelta(hours=6)) == [START + timedelta(hours=6)]
    assert look_times(None, START) == look_times(START, START) == []


def test_an_experiment_of_years_is_not_looked_at_every_day():
    times = look_times(START, START + 1000 * DAY)
    assert times[:2] == [START + DAY, START + 4 * DAY]
    assert times[-1] == START + 1000 * DAY
    assert len(times) <= 367
