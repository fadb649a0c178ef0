"""Pass rates corrected for a judge that errs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.judge.rates import JudgeErrors, Passed, corrected, passed_of, uncorrected


def test_a_rate_worked_out_by_hand():
    # Of 200 outputs the judge passes 150. It passes 45 of 50 good ones and fails 35 of 50 bad ones:
    # (.75 + .7 - 1) / (.9 + .7 - 1) = .45 / .6
    rate = corrected(Passed(0.75, 200, 200.0), JudgeErrors(50, 45, 50, 35), 0.95)
    assert rate.value == pytest.approx(0.75)
    # With z = 1.96: p = (150 + 1.9208) / 203.8416 = .745289, q1 = 46/52 = .884615, q0 = 36/52 = .692308,
    # their sum less 1 is .576923, the share .758501, the shift 7.6829 (.758501 * .0019629 - .241499 * .0040965)
    # = .003838, the spread 1.96 sqrt(.00093128 + .00023891 + .00112932) / .576923 = .162911.
    assert rate.low == pytest.approx(0.758501 + 0.003838 - 0.162911, abs=2e-4)
    assert rate.high == pytest.approx(0.758501 + 0.003838 + 0.162911, abs=2e-4)


def test_a_judge_that_never_errs_needs_no_correction():
    rate = corrected(Passed(0.6, 1000, 1000.0), JudgeErrors(5000, 5000, 5000, 5000), 0.95)
    plain = uncorrected(Passed(0.6, 1000, 1000.0), 0.95)
    assert (rate.value, plain.value) == (pytest.approx(0.6), 0.6)
    assert rate.low == pytest.approx(plain.low, abs=2e-3)
    assert rate.high == pytest.approx(plain.high, abs=2e-3)


@pytest.mark.parametrize(
    "errors", [JudgeErrors(0, 0, 9, 9), JudgeErrors(9, 9, 0, 0), JudgeErrors(40, 20, 40, 20), JudgeErrors(10, 1, 10, 2)]
)
def test_nothing_can_be_corrected_without_both_kinds_or_by_chance(errors):
    assert corrected(Passed(0.5, 100, 100.0), errors, 0.95) is None


@pytest.mark.parametrize(
    ("share", "q0", "q1", "n", "m0", "m1"),
    [(0.8, 0.7, 0.9, 400, 60, 60), (0.95, 0.6, 0.95, 200, 20, 80), (0.5, 0.8, 0.8, 300, 30, 30)],
)
def test_intervals_hold_the_truth_as_often_as_they_say_and_uncorrected_ones_do_not(share, q0, q1, n, m0, m1):
    rng = np.random.default_rng(7)
    held = plain = 0
    runs = 600
    for _ in range(runs):
        passed = Passed(rng.binomial(n, share * q1 + (1 - share) * (1 - q0)) / n, n, float(n))
        errors = JudgeErrors(m1, int(rng.binomial(m1, q1)), m0, int(rng.binomial(m0, q0)))
        rate, as_it_is = corrected(passed, errors, 0.95), uncorrected(passed, 0.95)
        held += rate is not None and rate.low <= share <= rate.high
        plain += as_it_is.low <= share <= as_it_is.high
    assert held / runs > 0.94
    assert plain < held or q0 == q1 == 0.8


def test_writers_count_by_what_they_wrote():
    passed = passed_of({"none": (50, 100), "model": (100, 100), "idle": (0, 0)}, {"none": 900, "model": 100, "idle": 5})
    assert passed.share == pytest.approx(0.9 * 0.5 + 0.1 * 1.0)
    assert passed.n == 200
    assert passed.n_effective == pytest.approx(1 / (0.81 / 100 + 0.01 / 100))
    alike = passed_of({"a": (5, 10), "b": (5, 10)}, {"a": 40, "b": 40})
    assert alike.n_effective == pytest.approx(20.0)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 30), st.integers(0, 30))
def test_rates_stay_within_0_and_1(passed, n, good, bad):
    share = Passed(min(passed, n) / n, n, float(n))
    plain = uncorrected(share, 0.9)
    assert 0.0 <= plain.low <= plain.value + 1e-9
    assert plain.value - 1e-9 <= plain.high <= 1.0
    rate = corrected(share, JudgeErrors(30, good, 30, bad), 0.9)
    if rate is not None:
        assert 0.0 <= rate.low <= rate.high <= 1.0
        assert 0.0 <= rate.value <= 1.0


def test_shares_of_nothing_are_none():
    assert JudgeErrors(0, 0, 0, 0).sensitivity is None
    assert JudgeErrors(0, 0, 0, 0).specificity is None
    assert JudgeErrors(4, 3, 2, 1).sensitivity == 0.75
