import numpy as np
import polars as pl
import pytest

from intentrec.evaluation.views import VIEWS, targets_of, with_history

NAMES = [view.name for view in VIEWS]


@pytest.fixture
def targets(log):
    train = log("a x 0", "a y 0", "b z 0")
    wanted = pl.DataFrame(
        {"user_id": ["b", "a", "a", "c", "a"], "item_id": ["z", "x", "z", "x", "later"], "extra": [0] * 5}
    )
    return with_history(wanted, train)


def seen_in(view, targets, items=("x", "y", "z")):
    ids = pl.Series("item_id", items)
    found = targets_of(VIEWS[NAMES.index(view)], targets, ids)
    pairs = [(found.users[int(pair) // len(ids)], ids[int(pair) % len(ids)]) for pair in found.pairs]
    return found, pairs


def test_all_keeps_every_target(targets):
    found, pairs = seen_in("all", targets)
    assert found.users.to_list() == ["a", "b", "c"]
    assert found.n_targets.tolist() == [3, 1, 1]
    assert pairs == [("a", "x"), ("a", "z"), ("b", "z"), ("c", "x")]


def test_new_and_repeat_part_the_targets_by_earlier_events(targets):
    assert seen_in("new", targets)[1] == [("a", "z"), ("c", "x")]
    assert seen_in("repeat", targets)[1] == [("a", "x"), ("b", "z")]


def test_known_leaves_out_users_without_earlier_events(targets):
    assert seen_in("known", targets)[0].users.to_list() == ["a", "b"]


def test_a_target_that_nobody_can_know_counts_and_cannot_be_hit(targets):
    found, _ = seen_in("all", targets)
    assert found.n_unknowable == 1
    assert found.unknowable_share == pytest.approx(1 / 5)
    assert int(found.n_targets.sum()) == len(found.pairs) + 1


def test_users_without_a_target_in_the_view_are_counted(targets):
    assert [seen_in(name, targets)[0].n_left_out for name in NAMES] == [0, 1, 1, 1]


def test_only_new_filters_seen_items():
    assert [view.filter_viewed for view in VIEWS] == [name == "new" for name in NAMES]


def test_a_view_without_targets_is_empty(targets):
    found, pairs = seen_in("repeat", targets.head(0))
    assert (len(found.users), pairs, found.unknowable_share) == (0, [], 0.0)


def test_pairs_are_ascending(targets):
    assert (np.diff(seen_in("all", targets)[0].pairs) > 0).all()
