from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.serving.experiments.estimates import Contrast, Levels, Sample, levels


def sample(*top, **rest):
    return Sample(np.array(top, dtype=float), **{name: np.array(part, dtype=float) for name, part in rest.items()})


def test_means_and_standard_errors_by_hand():
    found = levels(sample(1, 2, 3), sample(2, 6))
    assert (found.n, found.control, found.treatment) == (5, 2.0, 4.0)
    assert (found.var_control, found.var_treatment) == (pytest.approx(1 / 3), pytest.approx(8 / 2))
    assert found.contrast() == Contrast(2.0, pytest.approx(sqrt(1 / 3 + 4)))
    assert found.contrast(0.5).value == 3.0
    assert found.contrast(0.5).error == pytest.approx(sqrt(4 + 1 / 12))


def test_a_ratio_is_that_of_the_sums_with_the_delta_methods_error():
    # Clicks 1 of 2 and 2 of 2: 3 / 4. Mean showings 2; users stand for 3/4 + (1 - 1.5) / 2 and 3/4 + (2 - 1.5) / 2.
    found = levels(sample(1, 2, bottom=[2, 2]), sample(1, 2, bottom=[2, 2]))
    assert found.control == found.treatment == 0.75
    assert found.var_control == pytest.approx(0.125 / 2)


def test_a_user_with_many_showings_weighs_more_in_a_ratio():
    assert levels(sample(0, 90, bottom=[10, 90]), sample(0, 90, bottom=[10, 90])).control == 0.9


def test_the_delta_method_has_the_error_that_drawing_users_again_has():
    rng = np.random.default_rng(1)
    showings = rng.poisson(rng.gamma(2.0, 5.0, 3000)).astype(float)
    clicked = rng.binomial(showings.astype(int), rng.beta(2, 8, 3000)).astype(float)
    both = Sample(clicked, showings)
    draws = rng.integers(0, 3000, (2000, 3000))
    again = clicked[draws].sum(axis=1) / showings[draws].sum(axis=1)
    assert sqrt(levels(both, both).var_control) == pytest.approx(again.std(), rel=0.06)


def test_without_a_single_showing_a_ratio_is_zero_and_nothing_varies():
    nothing = sample(0, 0, bottom=[0, 0])
    assert levels(nothing, nothing).contrast() == Contrast(0.0, 0.0)
    assert levels(nothing, nothing).contrast().z == 0.0


def test_what_the_past_explains_wholly_leaves_no_error():
    # y = 10 + 2 x in both arms, and 1 more in the treatment, whatever the arms' past.
    control = sample(12, 14, 16, before=[1, 2, 3])
    treatment = sample(21, 17, 19, 15, before=[5, 3, 4, 2])
    found = levels(control, treatment)
    assert found.contrast().value == pytest.approx(1.0)
    assert found.contrast().error == pytest.approx(0.0, abs=1e-9)
    assert found.control == pytest.approx(10 + 2 * (1 + 2 + 3 + 5 + 3 + 4 + 2) / 7)  # as if both had the same past


def test_a_past_without_differences_changes_nothing():
    with_past = levels(sample(1, 2, 3, before=[7, 7, 7]), sample(2, 6, before=[7, 7]))
    without = levels(sample(1, 2, 3), sample(2, 6))
    assert with_past.contrast() == without.contrast()


def drawn(seed, n=400, lift=0.0):
    rng = np.random.default_rng(seed)
    past = rng.gamma(2.0, 2.0, n)
    return Sample(past * 0.8 + rng.standard_normal(n) + lift, None, past)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.5, 1.5))
def test_errors_with_the_past_taken_out_are_those_of_each_users_part(seed, scale):
    # The estimate of any contrast is a sum over users; its error is that of the sum.
    control, treatment = drawn([seed, 0], 300), drawn([seed, 1], 500, 0.5)
    assert control.before is not None
    assert treatment.before is not None
    found = levels(control, treatment).contrast(scale)
    slope = np.cov(control.top, control.before)[0, 1] * 299 + np.cov(treatment.top, treatment.before)[0, 1] * 499
    slope /= control.before.var(ddof=1) * 299 + treatment.before.var(ddof=1) * 499
    w1 = 500 / 800
    one = treatment.top - slope * (1 - (1 - scale) * w1) * treatment.before
    none = scale * control.top - slope * (scale + (1 - scale) * (1 - w1)) * control.before
    assert found.value == pytest.approx(one.mean() - none.mean())
    assert found.error == pytest.approx(sqrt(one.var(ddof=1) / 500 + none.var(ddof=1) / 300))


def test_the_past_of_a_ratio_is_a_ratio_too():
    rng = np.random.default_rng(3)
    rate = rng.beta(2, 8, 4000)
    parts = [rng.poisson(20, 4000).astype(float) for _ in range(2)]
    made = [rng.binomial(part.astype(int), rate).astype(float) for part in parts]
    half = slice(0, 2000), slice(2000, 4000)
    with_past = [Sample(made[0][s], parts[0][s], made[1][s], parts[1][s]) for s in half]
    without = [Sample(each.top, each.bottom) for each in with_past]
    narrow, wide = levels(*with_past).contrast().error, levels(*without).contrast().error
    assert narrow < 0.8 * wide
    assert levels(*without).control == pytest.approx(levels(*with_past).control, rel=0.05)


@given(st.floats(0.5, 2.0), st.floats(1e-4, 0.1), st.floats(1e-4, 0.1), st.floats(0, 3))
def test_the_ends_of_the_relative_interval_are_the_scales_whose_contrast_may_just_be_zero(level, v1, v0, wide):
    found = Levels(100, level, 1.0, v1, v0)
    low, high = found.relative(wide)
    if low == -inf:
        assert wide**2 * v0 >= 1.0
        return
    for end in (low, high):
        contrast = found.contrast(1.0 + end)
        assert abs(contrast.value) == pytest.approx(wide * contrast.error, rel=1e-3, abs=1e-6)
    assert low - 1e-9 <= level - 1.0 <= high + 1e-9


def test_against_nothing_a_relative_difference_is_unbounded():
    assert Levels(100, 1.0, 0.0, 0.1, 0.0).relative(2.0) == (-inf, inf)
    assert Levels(100, 1.0, 1.0, 0.1, 0.1).relative(inf) == (-inf, inf)


def test_arms_of_one_size_are_not_skewed_however_skewed_their_users_are():
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 2, 2000)
    assert levels(Sample(values[:1000]), Sample(values[1000:])).skewness == pytest.approx(0.0)


def test_the_skewness_of_the_mean_of_a_small_arm_by_hand():
    # An exponential has skewness 2; that of the mean of n is 2 / sqrt(n), and the large arm hardly adds to it.
    rng = np.random.default_rng(0)
    found = levels(Sample(rng.exponential(size=200_000)), Sample(rng.exponential(size=100)))
    assert found.skewness == pytest.approx(0.2, rel=0.05)


def test_the_first_users_of_a_sample_are_first_in_all_its_parts():
    found = sample(1, 2, 3, bottom=[4, 5, 6]).first(2)
    assert (len(found), found.top.tolist(), found.bottom.tolist(), found.before) == (2, [1, 2], [4, 5], None)
