"""Drift by hand, and its bounds."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.live.drift import divergence, drift, entropy, shares

CATEGORIES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12)


def test_a_case_by_hand() -> None:
    before, now = ["tea", "tea", "tea", "garden"], ["tea", "christmas", "christmas", "christmas"]
    # Entropies are equal: 3/4 and 1/4 both times. One category of three is shared.
    # The mixture is tea 1/2, christmas 3/8, garden 1/8.
    h = 0.75 * log2(4 / 3) + 0.25 * log2(4)
    middle = 0.5 * log2(2) + 0.375 * log2(8 / 3) + 0.125 * log2(8)
    assert drift(before, now) == pytest.approx(0.4 * 0 + 0.3 * (1 - 1 / 3) + 0.3 * (middle - h))
    assert drift(before, now) == pytest.approx(0.3784, abs=1e-4)


def test_one_category_for_another_is_six_tenths_and_two_for_one_is_over_the_threshold() -> None:
    assert drift(["tea"] * 5, ["christmas"] * 5) == pytest.approx(0.6)
    assert drift(["tea", "garden"] * 3, ["christmas"] * 6) == pytest.approx(1.0)


def test_the_same_mixture_is_no_drift_whatever_the_order() -> None:
    assert drift(["a", "b", "b"], ["b", "a", "b"]) == 0.0
    assert drift([], ["a"]) == drift(["a"], []) == 0.0


@given(CATEGORIES, CATEGORIES)
def test_it_is_symmetric_and_bounded(before: list[str], now: list[str]) -> None:
    there, back = drift(before, now), drift(now, before)
    assert there == pytest.approx(back)
    n = max(len(set(before)), len(set(now)))
    assert 0.0 <= there <= 0.6 + 0.4 * log2(n) + 1e-9


@given(CATEGORIES, CATEGORIES)
def test_its_parts_are_bounded(before: list[str], now: list[str]) -> None:
    p, q = shares(before), shares(now)
    assert sum(p.values()) == pytest.approx(1.0)
    assert 0.0 <= divergence(p, q) <= 1.0 + 1e-9
    assert -1e-9 <= entropy(p) <= log2(len(p)) + 1e-9
