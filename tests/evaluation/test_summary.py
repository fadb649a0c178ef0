import numpy as np
import polars as pl

from intentrec.evaluation.summary import activity_strata, pairs_of

USERS = pl.Series("user_id", ["a", "b", "c", "d"])


def test_users_are_parted_by_their_events_before_the_cut(log):
    train = log(*["a x 0"] * 5, *["b x 0"] * 6, "d x 1", "outsider x 0")
    found = activity_strata(USERS, train, (5, 20))
    assert {name: users.tolist() for name, users in found.items()} == {
        "users: no history": [2],
        "users: 1-5 events": [0, 3],
        "users: 6-20 events": [1],
    }


def test_the_last_stratum_is_open_and_a_narrow_one_names_its_number(log):
    found = activity_strata(USERS, log(*["a x 0"] * 5, "b x 0", "c x 0", "d x 0", "d x 1"), (1, 2))
    assert list(found) == ["users: 1 events", "users: 2 events", "users: more than 2 events"]


def test_without_ends_there_are_those_with_and_those_without_history(log):
    assert list(activity_strata(USERS, log("a x 0"), ())) == ["users: no history", "users: with history"]


def test_searches_are_no_history(log):
    train = log("a x 0").with_columns(item_id=pl.lit(None, dtype=pl.String))
    assert np.concatenate(list(activity_strata(USERS, train, (5,)).values())).tolist() == [0, 1, 2, 3]
    assert list(activity_strata(USERS, train, (5,))) == ["users: no history"]


def test_pairs():
    assert pairs_of(["a", "b"], ["x", "y"]) == [("a", "b"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    assert pairs_of([], ["x", "y"]) == [("x", "y")]
