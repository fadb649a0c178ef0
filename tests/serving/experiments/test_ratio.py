from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import beta

from intentrec.serving.experiments.ratio import ALARM, chi_square_p, log_bayes_factor, sequential_p


def test_a_hand_computed_bayes_factor():
    # Weight 2 and halves: a uniform mixture. After 3 and 1 users it is B(4, 2) against (1/2)^4.
    assert log_bayes_factor([3, 1], [0.5, 0.5], weight=2.0) == pytest.approx(log(beta(4, 2) * 2**4))


def test_nobody_is_no_evidence():
    assert log_bayes_factor([0, 0], [0.3, 0.7]) == pytest.approx(0.0)
    assert sequential_p([[0, 0]], [0.3, 0.7]).tolist() == [1.0]
    assert chi_square_p([0, 0], [0.3, 0.7]) == 1.0


@given(st.integers(0, 30), st.floats(0.05, 0.95), st.floats(0.5, 5000))
def test_it_is_a_martingale_while_the_shares_are_right(n, share, weight):
    # Expected evidence after n users, over all outcomes, is 1: that is what makes the test valid at any look.
    factors = np.exp(log_bayes_factor([[k, n - k] for k in range(n + 1)], [share, 1 - share], weight))
    chances = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    assert factors @ chances == pytest.approx(1.0, rel=1e-6)


def test_p_is_the_least_so_far():
    p = sequential_p([[100, 100], [300, 100], [500, 500]], [0.5, 0.5])
    assert p[0] == 1.0
    assert p[1] == p[2] < 1e-6


def test_pearsons_p_of_a_hand_computed_table():
    # (60 - 50)^2 / 50 * 2 = 4 with one degree of freedom.
    assert chi_square_p([60, 40], [0.5, 0.5]) == pytest.approx(0.0455, abs=1e-4)


def daily(share, runs, rng, users=1000, days=28):
    """Running counts of two arms, (runs, days, 2)."""
    first = rng.binomial(users, share, (runs, days))
    return np.cumsum(np.stack([first, users - first], axis=-1), axis=1)


def alarms(true, said, runs=400, seed=7):
    counts = daily(true, runs, np.random.default_rng(seed))
    return np.mean([sequential_p(each, [said, 1 - said])[-1] < ALARM for each in counts])


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_right_shares_raise_no_alarm(share):
    assert (
        alarms(share, share, runs=2000) <= 0.003
    )  # 0.1 % are promised: 2 runs, at most 6 with the luck of one in 1000


@pytest.mark.parametrize(("true", "said"), [(0.45, 0.5), (0.48, 0.5), (0.08, 0.1)])
def test_wrong_shares_are_caught(true, said):
    assert alarms(true, said) > 0.95


def test_three_arms_are_tested_together():
    p = sequential_p([[3300, 3300, 3900]], [0.4, 0.3, 0.3])
    assert p[0] < ALARM
