"""What follows what, counted by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from intentrec.tags import TagsConfig
from intentrec.tags.follow import follow_scores

START = datetime(2024, 1, 1, tzinfo=UTC)
CONFIG = TagsConfig(follow_shrinkage=0, follow_steps=2)
SCHEMA = {"user_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "phrase": pl.Int64}


def events(*told):
    return pl.DataFrame(
        [(user, START + timedelta(days=day), phrase) for user, day, phrase in told], schema=SCHEMA, orient="row"
    )


def test_next_basket_counts_one_and_the_one_after_a_half():
    scores = follow_scores(events(("a", 0, 0), ("a", 5, 1), ("a", 9, 2)), 3, CONFIG).toarray()

    assert scores.tolist() == [[0, 1, 0.5], [0, 0, 1], [0, 0, 0]]


def test_what_is_common_is_divided_by_the_root_of_both_counts():
    scores = follow_scores(events(("a", 0, 0), ("a", 1, 1), ("b", 0, 0), ("b", 1, 2)), 3, CONFIG).toarray()

    assert np.round(scores[0], 6).tolist() == [0, round(1 / 2**0.5, 6), round(1 / 2**0.5, 6)]


def test_the_same_day_is_one_basket_and_other_users_do_not_follow():
    assert follow_scores(events(("a", 0, 0), ("a", 0.5, 1), ("b", 1, 2)), 3, CONFIG).nnz == 0


def test_only_the_best_followers_are_kept():
    told = [("a", 0, 0), ("a", 1, 1), ("a", 2, 2)]

    assert follow_scores(events(*told), 3, CONFIG.model_copy(update={"follow_kept": 1})).toarray().tolist() == [
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]


def test_no_events_follow_nothing():
    assert follow_scores(events(), 4, CONFIG).shape == (4, 4)


def test_blocks_of_phrases_are_put_together():
    scores = follow_scores(events(("a", 0, 700), ("a", 1, 3)), 1200, CONFIG)

    assert scores[700, 3] == 1
    assert scores.nnz == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 3)), max_size=20), st.randoms())
def test_the_order_of_events_does_not_matter(told, random):
    shuffled = random.sample(told, len(told))

    assert np.array_equal(
        follow_scores(events(*told), 4, CONFIG).toarray(), follow_scores(events(*shuffled), 4, CONFIG).toarray()
    )
