import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.evaluation.items import GROUPS, Items


def of_counts(*counts) -> Items:
    n = len(counts)
    return Items(pl.Series([f"i{i:02}" for i in range(n)]), np.full(n, -1), np.array(counts))


def groups(*counts):
    return [GROUPS[g] for g in of_counts(*counts).groups]


def test_counts_are_events_before_the_cut(log, shelf):
    items = Items.of(shelf("y:two", "x:one", "z"), log("a x 0", "b x 1", "a y 2", "a unknown 3"))
    assert items.ids.to_list() == ["x", "y", "z"]
    assert items.counts.tolist() == [2, 1, 0]
    assert items.categories.tolist() == [0, 1, -1]
    assert items.vectors is None


def test_head_and_torso_hold_a_third_of_the_events_each():
    assert groups(1, 6, 2, 3, 0, 6) == ["tail", "head", "tail", "tail", "new", "torso"]
    assert groups(5) == ["head"]
    assert groups(0, 0) == ["new", "new"]


def test_equal_items_are_parted_by_id():
    assert groups(1, 1, 1) == ["head", "torso", "tail"]


def test_tenths_go_by_popularity():
    items = of_counts(*range(20))
    assert items.tenths.tolist() == [9 - i // 2 for i in range(20)]


def test_surprise_and_propensity_by_hand():
    items = of_counts(4, 3, 1, 0)
    assert items.surprise == pytest.approx([1.0, -np.log2(3 / 8), 3.0, 3.0])
    assert items.inverse_propensity(0.5) == pytest.approx([1.0, np.sqrt(4 / 3), 2.0, 2.0])
    assert items.inverse_propensity(0.0).tolist() == [1.0] * 4


@pytest.mark.parametrize("as_array", [False, True])
def test_vectors_come_in_the_order_of_the_items_at_length_one(log, shelf, as_array):
    vectors = pl.DataFrame({"item_id": ["z", "x", "unknown"], "vector": [[0.0, 2.0], [3.0, 4.0], [1.0, 1.0]]})
    if as_array:
        vectors = vectors.with_columns(pl.col("vector").cast(pl.Array(pl.Float32, 2)))
    items = Items.of(shelf("x", "y", "z"), log("a x 0"), vectors)
    assert items.vectors == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0, 1]]))


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_groups_fall_with_popularity(counts):
    items = of_counts(*counts)
    order = np.argsort(-items.counts, kind="stable")
    assert (np.diff(items.groups[order]) >= 0).all()
    assert ((items.groups == GROUPS.index("new")) == (items.counts == 0)).all()
    if sum(counts):
        head = items.counts[items.groups == 0].sum()
        assert head >= sum(counts) / 3  # the item that crosses the line belongs to the head
        assert head - items.counts[items.groups == 0].min() < sum(counts) / 3
