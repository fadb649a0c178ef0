"""Samples: drawn by a hash, of every writer alike."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from intentrec.judge.sampling import draw


def table(writers):
    return pl.DataFrame({"user_id": [f"u{n}" for n in range(len(writers))], "model": writers})


def test_writers_get_equal_shares_and_what_a_small_one_leaves_goes_on():
    sample = draw(table(["none"] * 90 + ["big"] * 30 + ["tiny"] * 3), ("user_id",), 30)
    assert sample.sizes == {"none": 90, "big": 30, "tiny": 3}
    drawn = dict(sample.rows.group_by("model").len().iter_rows())
    assert drawn == {"tiny": 3, "big": 13, "none": 14}


def test_other_rows_do_not_change_what_is_drawn():
    few, many = table(["none"] * 50), table(["none"] * 80)
    drawn = set(draw(many, ("user_id",), 20).rows["user_id"])
    assert drawn & set(few["user_id"]) <= set(draw(few, ("user_id",), 20).rows["user_id"])
    assert draw(few, ("user_id",), 20).rows.equals(draw(few.reverse(), ("user_id",), 20).rows)
    assert not draw(few, ("user_id",), 20, "other").rows.equals(draw(few, ("user_id",), 20).rows)


@given(st.lists(st.sampled_from(["none", "a", "b"]), max_size=40), st.integers(1, 60))
def test_as_many_as_asked_for_or_all(writers, n):
    sample = draw(table(pl.Series(writers, dtype=pl.String)), ("user_id",), n)
    assert sample.rows.height == min(n, len(writers))
    assert sample.rows["user_id"].is_unique().all()
