import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.text.percentiles import FIFTHS, HIGHEST, in_words, percentiles

NUMBERS = st.lists(st.integers(0, 50), min_size=1, max_size=30).map(lambda values: np.array(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], [50]),
        ([1.0, 2.0], [34, 67]),  # a third and two thirds of the way
        ([5.0, 5.0], [50, 50]),
        ([1.0, 2.0, 3.0], [25, 50, 75]),
        ([2.0, 1.0, 2.0], [63, 25, 63]),
        ([], []),
    ],
)
def test_small_cases_worked_out_by_hand(values, expected):
    assert percentiles(np.array(values, dtype=np.float64)).tolist() == expected


def test_what_is_not_above_zero_has_no_percentile_and_counts_for_no_other():
    values = np.array([0.0, 3.0, np.nan, 1.0, -2.0, 2.0])
    assert percentiles(values).tolist() == [0, 75, 0, 25, 0, 50]


def test_a_hundred_values_spread_over_the_whole_range():
    found = percentiles(np.arange(1.0, 1001.0))
    assert (found.min(), found.max()) == (1, HIGHEST)
    assert np.bincount(found, minlength=101)[1:].tolist() == pytest.approx([10] * 100, abs=1)


@given(NUMBERS)
def test_percentiles_are_in_range_exactly_where_there_is_a_number(values):
    found = percentiles(values)
    assert (((found >= 1) & (found <= HIGHEST)) == (values > 0)).all()
    assert not found[values == 0].any()


@given(NUMBERS)
def test_more_is_never_less_and_equals_share(values):
    found = percentiles(values)
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()
    assert len(set(zip(values, found, strict=True))) == len(set(values))


@given(NUMBERS, st.randoms())
def test_the_order_of_the_items_does_not_matter(values, random):
    order = random.sample(range(len(values)), len(values))
    np.testing.assert_array_equal(percentiles(values[order]), percentiles(values)[order])


@given(NUMBERS, st.sampled_from([0.001, 0.3, 7.0, 1e6]))
def test_the_unit_does_not_matter(values, unit):
    np.testing.assert_array_equal(percentiles(values * unit), percentiles(values))


@given(NUMBERS)
def test_items_without_a_number_change_nothing_for_the_others(values):
    longer = np.concatenate([values, [0.0, np.nan]])
    np.testing.assert_array_equal(percentiles(longer)[:-2], percentiles(values))


def test_words_are_fifths():
    assert [in_words(percentile) for percentile in (1, 20, 21, 40, 41, 60, 61, 80, 81, 100)] == [
        word for word in FIFTHS for _ in range(2)
    ]


def test_others_are_told_where_they_would_stand_and_move_nobody():
    values, among = np.array([1.0, 2.0, 3.0, 0.5, 2.0, 9.0, np.nan]), np.array([True] * 3 + [False] * 4)
    assert percentiles(values, among).tolist() == [25, 50, 75, 13, 50, 88, 0]
    assert percentiles(values, np.zeros(7, dtype=bool)).tolist() == [50] * 6 + [0]
