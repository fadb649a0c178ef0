"""Two lists beside each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.explorer.overlap import overlap

IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_of_two_lists_by_hand() -> None:
    found = overlap(["a", "b", "c"], ["b", "a", "x"])
    assert (found.shared, found.jaccard, found.mean_shift) == (2, 0.5, 1.0)
    # Agreement at depths 1, 2, 3: 0, 1, 2/3; weights 1, .9, .81
    assert found.rank_biased == pytest.approx((0.9 + 0.81 * 2 / 3) / 2.71)


def test_lists_that_share_nothing_have_no_shift() -> None:
    found = overlap(["a"], ["b"])
    assert (found.shared, found.jaccard, found.mean_shift, found.rank_biased) == (0, 0.0, None, 0.0)
    empty = overlap([], [])
    assert (empty.shared, empty.jaccard, empty.mean_shift, empty.rank_biased) == (0, None, None, None)


@given(IDS, IDS)
def test_neither_side_is_preferred(left: list[str], right: list[str]) -> None:
    assert overlap(left, right) == overlap(right, left)


@given(IDS.filter(bool))
def test_a_list_is_wholly_like_itself(ids: list[str]) -> None:
    found = overlap(ids, ids)
    assert (found.jaccard, found.mean_shift) == (1.0, 0.0)
    assert found.rank_biased == pytest.approx(1.0)
