from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.errors import DataError
from intentrec.evaluation import lists as lists_module
from intentrec.evaluation.lists import hits_of, lists_of
from intentrec.evaluation.views import VIEWS, Targets, targets_of, with_history

ITEMS = pl.Series("item_id", ["x", "y", "z"])
USERS = pl.Series("user_id", ["a", "b", "c"])


class Scripted:
    """Returns the rows it was given, for those who are asked for."""

    def __init__(self, *rows, all_users=False):
        self.rows = pl.DataFrame(
            rows, schema={"user_id": pl.String, "rank": pl.UInt32, "item_id": pl.String}, orient="row"
        )
        self.all_users = all_users
        self.asked = []

    def recommend(self, users, k, *, filter_viewed=True):
        self.asked.append((list(users), k, filter_viewed))
        return self.rows if self.all_users else self.rows.filter(pl.col("user_id").is_in(list(users)))


def test_lists_hold_codes_by_rank_and_end_with_minus_one():
    system = Scripted(("c", 2, "x"), ("c", 1, "z"), ("a", 1, "y"))
    assert lists_of("s", system, USERS, ITEMS, 3, filter_viewed=False).tolist() == [[1, -1, -1], [-1] * 3, [2, 0, -1]]
    assert system.asked == [(["a", "b", "c"], 3, False)]


def test_users_are_asked_for_in_blocks(monkeypatch):
    monkeypatch.setattr(lists_module, "USERS_AT_ONCE", 2)
    system = Scripted(("c", 1, "z"), ("a", 1, "y"))
    assert lists_of("s", system, USERS, ITEMS, 1, filter_viewed=True).tolist() == [[1], [-1], [2]]
    assert [users for users, _, _ in system.asked] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("ghost", 1, "x"), "user was not asked for"),
        (("a", 0, "x"), "rank is outside"),
        (("a", 4, "x"), "rank is outside"),
        (("a", 1, "future"), "item is not among the items visible before the cut"),
    ],
)
def test_a_row_that_breaks_the_protocol_is_named(row, message):
    with pytest.raises(DataError, match=f"'mine' returned a row whose {message}.*{row[0]}"):
        lists_of("mine", Scripted(row, all_users=True), USERS, ITEMS, 3, filter_viewed=False)


@pytest.mark.parametrize("again", [("a", 1, "y"), ("a", 2, "x")])
def test_a_rank_or_an_item_given_twice_is_refused(again):
    with pytest.raises(DataError, match="same rank or the same item twice"):
        lists_of("mine", Scripted(("a", 1, "x"), again), USERS, ITEMS, 3, filter_viewed=False)


def test_hits_are_the_targets_of_the_same_user(log):
    wanted = pl.DataFrame({"user_id": ["a", "c", "c"], "item_id": ["y", "x", "later"]})
    targets = targets_of(VIEWS[0], with_history(wanted, log()), ITEMS)
    lists = np.array([[1, 0, -1], [1, 0, 2], [2, 0, 1]])  # of a, b, c
    hits = hits_of(lists, np.array([0, 2]), targets, len(ITEMS))
    assert (hits.rows.tolist(), hits.places.tolist(), hits.n_rows) == ([0, 1], [0, 1], 2)
    assert [int(targets.pairs[target]) for target in hits.targets] == [1, 1 * len(ITEMS)]  # y of a; x of c, row 1


def test_without_knowable_targets_nothing_is_a_hit(log):
    targets = targets_of(VIEWS[0], with_history(pl.DataFrame({"user_id": ["a"], "item_id": ["later"]}), log()), ITEMS)
    assert len(hits_of(np.array([[0, 1, -1]]), np.array([0]), targets, 3).rows) == 0
    assert len(hits_of(np.empty((1, 0), dtype=np.int32), np.array([0]), targets, 3).rows) == 0


def test_long_lists_are_asked_for_in_smaller_blocks(monkeypatch):
    monkeypatch.setattr(lists_module, "ROWS_AT_ONCE", 4)
    system = Scripted(("c", 1, "z"), ("a", 1, "y"))
    lists_of("s", system, USERS, ITEMS, 3, filter_viewed=True)
    assert [users for users, _, _ in system.asked] == [["a"], ["b"], ["c"]]


def test_hits_of_some_targets(log):
    wanted = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "y"]})
    targets = targets_of(VIEWS[0], with_history(wanted, log()), ITEMS)
    hits = hits_of(np.array([[1, 0, -1]]), np.array([0]), targets, len(ITEMS))
    assert hits.among(np.array([True, False])).places.tolist() == [1]
    assert hits.among(np.array([False, False])).n_rows == 1


@settings(deadline=None)
@given(seed=st.integers(0, 999), compared=st.integers(1, 40))
def test_hits_equal_loops_whatever_the_block(seed, compared):
    rng = np.random.default_rng(seed)
    n_users, n_items, width = 5, 8, 4
    lists = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :width].astype(np.int32)
    lists[rng.random(lists.shape) < 0.2] = -1
    rows = rng.permutation(n_users)[:3]
    pairs = np.flatnonzero(rng.random(3 * n_items) < 0.4)
    targets = Targets(VIEWS[0], pl.Series(["a", "b", "c"]), np.bincount(pairs // n_items, minlength=3), pairs, 0, 0)
    with mock.patch.object(lists_module, "_COMPARED_AT_ONCE", compared):
        hits = hits_of(lists, rows, targets, n_items)
    expected = {
        (int(pair) // n_items, place)
        for pair in pairs
        for place in range(width)
        if lists[rows[int(pair) // n_items], place] == int(pair) % n_items
    }
    assert set(zip(hits.rows.tolist(), hits.places.tolist(), strict=True)) == expected
