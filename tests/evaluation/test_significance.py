import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from intentrec.evaluation.significance import compare, holm, interval, resampled_means, wilcoxon


def drawn(values, samples=2000, seed=0):
    return resampled_means(np.asarray(values, dtype=float), samples, np.random.default_rng(seed))


def test_the_spread_of_resampled_means_is_the_standard_error():
    values = np.random.default_rng(1).normal(3.0, 2.0, size=(400, 1))
    means = drawn(values, 4000)
    assert means.mean() == pytest.approx(values.mean(), abs=0.01)
    assert means.std() == pytest.approx(values.std() / np.sqrt(400), rel=0.05)


def test_columns_share_their_draws():
    values = np.random.default_rng(1).normal(size=(50, 1))
    means = drawn(np.hstack([values, values + 1.0]))
    assert means[:, 1] - means[:, 0] == pytest.approx(np.ones(2000))


def test_draws_in_blocks_are_the_draws_in_one(monkeypatch):
    values = np.random.default_rng(1).normal(size=(30, 2))
    whole = drawn(values, 100)
    monkeypatch.setattr("intentrec.evaluation.significance._COUNTS_AT_ONCE", 90)
    assert drawn(values, 100) == pytest.approx(whole)


def test_without_users_there_are_no_means():
    assert np.isnan(drawn(np.empty((0, 2)), 100)).all()


def test_the_interval_cuts_equal_tails():
    low, high = interval(np.arange(101.0)[:, None], 0.9)
    assert (low[0], high[0]) == pytest.approx((5.0, 95.0))


def test_a_clear_difference_is_significant_and_in_its_interval():
    noise = np.random.default_rng(2).normal(0, 0.05, size=200)
    a, b = 0.3 + noise, np.full(200, 0.2)
    means = drawn(np.column_stack([a, b]))
    found = compare(a, b, means[:, 0], means[:, 1], 0.95)
    assert found.difference == pytest.approx(float((a - b).mean()))
    assert 0 < found.low < found.difference < found.high
    assert found.p == pytest.approx(2 / 2001)


def test_equal_systems_have_p_one():
    a = np.random.default_rng(2).normal(size=50)
    means = drawn(np.column_stack([a, a]))
    assert compare(a, a, means[:, 0], means[:, 1], 0.95).p == 1.0


def test_swapping_the_systems_turns_the_sign_and_keeps_p():
    values = np.random.default_rng(3).normal(size=(80, 2))
    means = drawn(values)
    there = compare(values[:, 0], values[:, 1], means[:, 0], means[:, 1], 0.9)
    back = compare(values[:, 1], values[:, 0], means[:, 1], means[:, 0], 0.9)
    assert there.p == back.p
    assert (there.difference, there.low, there.high) == pytest.approx((-back.difference, -back.high, -back.low))


def test_under_no_difference_few_are_significant():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        values = rng.normal(size=(60, 2))
        means = resampled_means(values, 400, rng)
        found.append(compare(values[:, 0], values[:, 1], means[:, 0], means[:, 1], 0.95).p < 0.05)
    assert np.mean(found) < 0.11


def test_wilcoxon_is_scipys_for_each_column():
    rng = np.random.default_rng(5)
    a = np.column_stack([rng.normal(size=80), rng.choice([0.0, 0.5, 1.0], size=80), rng.normal(size=80)])
    b = np.column_stack([rng.normal(0.4, 1, size=80), rng.choice([0.0, 0.5, 1.0], size=80), a[:, 2]])
    found = wilcoxon(a - b)
    for column in (0, 1):
        assert found[column] == pytest.approx(stats.wilcoxon(a[:, column], b[:, column], method="approx").pvalue)
    assert found[2] == 1.0


def test_wilcoxon_by_hand():
    # Differences 1, 2, 3, 4, -5: ranks of the negative sum to 5, of 15; mean 7.5, variance 5 * 6 * 11 / 24.
    p = 2 * stats.norm.cdf((5 - 7.5) / np.sqrt(13.75))
    assert wilcoxon(np.array([[1.0], [2.0], [3.0], [4.0], [-5.0], [0.0]]))[0] == pytest.approx(p)


def test_wilcoxon_of_two_users_or_none_is_a_number():
    assert wilcoxon(np.array([[1.0], [0.0]]))[0] <= 1.0
    assert wilcoxon(np.zeros((0, 2))).tolist() == [1.0, 1.0]


def test_swapping_the_systems_keeps_wilcoxons_p():
    values = np.random.default_rng(6).normal(0.1, 1, size=(60, 3))
    assert wilcoxon(values) == pytest.approx(wilcoxon(-values))


def test_means_far_from_0_keep_their_digits():
    values = 1e6 + np.random.default_rng(1).normal(size=(50, 1))
    means = drawn(values)
    assert means.std() == pytest.approx(values.std() / np.sqrt(50), rel=0.1)


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_holm_of_nothing_is_nothing():
    assert holm(np.empty(0)).tolist() == []


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_never_lowers_p(values):
    p = np.array(values)
    corrected = holm(p)
    assert (corrected >= p).all()
    assert (corrected <= 1).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()
