from math import exp, inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from intentrec.serving.experiments.sequential import multiple, one_sided, p_value, tuned_rho2

ALPHAS = st.floats(1e-6, 0.4)
USERS = st.integers(2, 10**8)


def test_the_width_of_a_hand_computed_interval():
    # r = n rho^2 = 3: sqrt(2 * 4/3 * log(sqrt(4) / 0.05))
    assert multiple(300, 0.01, 0.05) == pytest.approx(sqrt(8 / 3 * log(40)))


def test_the_bound_of_a_hand_computed_side():
    # r = 3: e^u = (1 + 2 / 0.05) / 2 = 20.5, z = sqrt(2 u * 4/3)
    assert one_sided(300, 0.01, 0.05) == pytest.approx(sqrt(8 / 3 * log(20.5)))


def test_a_hand_computed_p_value():
    # r = 3, z = 4: sqrt(4) * exp(-16 * 3 / 8)
    assert p_value(4.0, 300, 0.01) == pytest.approx(2 * exp(-6))


def test_before_the_first_user_nothing_is_known():
    assert multiple(0, 0.01, 0.05) == one_sided(0, 0.01, 0.05) == inf
    assert p_value(0.0, 0, 0.01) == 1.0


@given(USERS, ALPHAS, st.floats(0.01, 30))
def test_an_interval_leaves_out_zero_when_its_p_is_at_most_alpha(n, alpha, z):
    rho2 = tuned_rho2(10_000, alpha)
    p, wide = p_value(z, n, rho2), multiple(n, rho2, alpha)
    if abs(z - wide) > 1e-9 * wide:
        assert (p < alpha) == (z > wide)


@given(USERS, ALPHAS)
def test_looking_at_any_time_costs_more_than_looking_once_and_one_side_less_than_two(n, alpha):
    rho2 = tuned_rho2(10_000, alpha)
    assert multiple(n, rho2, alpha) > one_sided(n, rho2, alpha) > norm.isf(alpha)


@given(USERS, ALPHAS)
def test_the_one_sided_mixture_has_passed_its_threshold_at_the_bound(n, alpha):
    # The exact mixture: 2 (1 + r)^(-1/2) e^u Phi(sqrt(2u)).
    rho2 = tuned_rho2(10_000, alpha)
    r, z = n * rho2, one_sided(n, rho2, alpha)
    u = z**2 * r / (2 * (1 + r))
    log_mixture = log(2) - 0.5 * np.log1p(r) + u + norm.logcdf(sqrt(2 * u))
    assert log_mixture >= log(1 / alpha) - 1e-6


@pytest.mark.parametrize("planned", [1_000, 100_000])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_intervals_are_narrowest_where_they_were_planned_to_be(planned, alpha):
    n = np.geomspace(planned / 100, planned * 100, 4001)
    standard_errors = 1 / np.sqrt(n)
    tuned = multiple(planned, tuned_rho2(planned, alpha), alpha)
    others = [multiple(planned, tuned_rho2(each, alpha), alpha) for each in n]
    assert tuned == pytest.approx(min(others), rel=0.01)
    widths = multiple(n, tuned_rho2(planned, alpha), alpha) * standard_errors
    assert (np.diff(widths) < 0).all()  # more users never widen an interval


def walks(runs, looks, rng):
    """Standard scores of sums of normal values at each of `looks` looks."""
    return np.cumsum(rng.standard_normal((runs, looks)), axis=1) / np.sqrt(np.arange(1, looks + 1))


def test_normal_walks_pass_the_bounds_no_more_often_than_promised_at_a_thousand_looks():
    z, n = walks(2000, 1000, np.random.default_rng(5)), np.arange(1, 1001)
    rho2 = tuned_rho2(300, 0.05)
    two = (np.abs(z) > multiple(n, rho2, 0.05)).any(axis=1).mean()
    one = (z > one_sided(n, rho2, 0.05)).any(axis=1).mean()
    once = (np.abs(z) > 1.96).any(axis=1).mean()
    # At most 5 %, with three standard errors of 0.5 points; and the bounds are not idle.
    assert 0.01 < two < 0.065
    assert 0.01 < one < 0.065
    assert once > 0.45
