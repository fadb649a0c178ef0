"""Filters that come again and again are looked up, and say the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle_world import Made, open_made
from intentrec.serving.ranking import Filters
from intentrec.serving.ranking import shelf as module
from intentrec.serving.ranking.shelf import Shelf

SHOP = Made(
    items={name: [1.0, 0.0] for name in "abcd"},
    facts={
        "a": {"title": "A", "category": "tea", "brand": "X", "price": 1.0},
        "b": {"title": "B", "category": "tea", "price": 2.0},
        "c": {"title": "C", "category": "garden", "brand": "Y", "price": 3.0},
        "d": {"title": "D"},
    },
    users={"u": [1.0, 0.0]},
    lists={"u": ["b", "c", "a", "d"]},
)
SOME = st.frozensets(st.sampled_from(["tea", "garden", "none"]), max_size=2)
FILTERS = st.builds(Filters, categories=st.none() | SOME, not_categories=SOME, max_price=st.sampled_from([None, 2.0]))


@pytest.fixture
def shelf(tmp_path: Any) -> Shelf:
    return Shelf.of_release(open_made(tmp_path, SHOP))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(FILTERS, st.lists(st.integers(0, 3), max_size=5))
def test_however_often_they_come(shelf: Shelf, filters: Filters, rows: list[int]) -> None:
    wanted = np.array(rows, dtype=np.int64)
    expected = shelf.passes(filters, wanted).tolist()
    for _ in range(2 * module._OFTEN):
        assert shelf.few_passing(filters, wanted).tolist() == expected
    assert filters.open or filters in shelf._masks


def test_filters_that_never_come_twice_are_not_kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COUNTED", 10)
    for n in range(100):
        shelf.few_passing(Filters(max_price=float(n)), np.array([0]))
        assert len(shelf._asked) <= 10
    assert not shelf._masks
