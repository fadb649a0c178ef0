from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from intentrec.evaluation import tag_hits
from intentrec.evaluation.summary import Resampling
from intentrec.evaluation.tag_hits import hits_by_user

QUICK = Resampling(200, 0.9, 0)
DAY = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def targets():
    rows = [("a", "x", 1), ("a", "y", 2), ("b", "y", 1), ("b", "z", 1), ("c", "x", 1), ("a", "odd", 0)]
    return pl.DataFrame(
        [(u, i, DAY + timedelta(days=d)) for u, i, d in rows], schema=["user_id", "item_id", "timestamp"], orient="row"
    )


CATALOGUE = pl.DataFrame({"item_id": ["x", "y", "z", "odd"], "category": ["cups", "pots", "tins", None]})


def rates(rows, targets, n=30):
    tags = pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.UInt32, "category": pl.String}, orient="row")
    found = tag_hits(tags, CATALOGUE, targets, QUICK, n=n)
    assert (found["low"] <= found["hit_rate"]).all()
    assert (found["hit_rate"] <= found["high"]).all()
    return {row["of"]: (row["hit_rate"], row["counted"]) for row in found.to_dicts()}


def test_the_next_items_category_must_be_among_the_tags(targets):
    # a: the next is a cup (its first target has no category), missed, and the pot is hit; b: one of a basket of two is.
    found = rates([("a", 1, "pots"), ("b", 1, "tins"), ("b", 2, None)], targets)
    assert found["users"] == (pytest.approx((0 + 1 / 2) / 2), 2)
    assert found["targets"] == (pytest.approx((1 / 2 + 1 / 2) / 2), 4)


def test_tags_beyond_the_first_n_count_for_nothing(targets):
    rows = [("c", 1, "pots"), ("c", 2, "cups")]
    assert rates(rows, targets, n=1)["users"][0] == 0.0
    assert rates(rows, targets, n=2)["users"][0] == 1.0


def test_without_tags_there_is_no_rate(targets):
    assert rates([], targets) == {}


def test_by_user_who_has_no_tag_hits_nothing(targets):
    tags = pl.DataFrame({"user_id": ["a"], "rank": [1], "category": ["pots"]})
    found = hits_by_user(tags, CATALOGUE, targets, 30)
    assert found.select("user_id", "first", "every").rows() == [("a", 0.0, 0.5), ("b", 0.0, 0.0), ("c", 0.0, 0.0)]
