"""`with_histories`: the same learned numbers, other users."""

from datetime import timedelta

import polars as pl
import pytest

from intentrec.errors import NotFittedError
from intentrec.evaluation.baselines import BM25, EASE, IALS, Content, ItemKNN, Popularity, Transitions, TwoTower

HALF = 20.0
SYSTEMS = [
    Popularity(days=30),
    ItemKNN(neighbours=5, half_life_days=HALF),
    ItemKNN(neighbours=5, window=3, decay=0.7, activity=0.5),
    EASE(regularisation=2.0, half_life_days=HALF),
    IALS(factors=4, regularisation=0.1, half_life_days=HALF),
    Transitions(before_near=2),
    BM25(recent=2),
    Content(recent=2),
    TwoTower(width=4, epochs=1, history=3),
]


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.name)
def system(request, random_world):
    return request.param.fit(*random_world)


def users_of(events):
    return events["user_id"].unique().sort().to_list()


def test_the_training_log_as_histories_changes_nothing(system, random_world):
    events, _ = random_world
    for filtered in (True, False):
        before = system.recommend(users_of(events), 6, filter_viewed=filtered)
        assert system.with_histories(events).recommend(users_of(events), 6, filter_viewed=filtered).equals(before)


def test_a_user_under_another_name_and_alone_gets_the_same_list(system, random_world):
    events, _ = random_world
    copied = events.filter(pl.col("user_id") == "u03").with_columns(user_id=pl.lit("new name"))
    found = system.with_histories(copied).recommend(["new name"], 6)
    assert found.drop("user_id").equals(system.recommend(["u03"], 6).drop("user_id"))


def test_what_came_before_the_histories_is_not_filtered(system, random_world):
    events, _ = random_world
    short = events.filter(pl.col("user_id") == "u03").sort("timestamp").head(2)
    dropped = set(events.filter(pl.col("user_id") == "u03")["item_id"]) - set(short["item_id"])
    found = set(system.with_histories(short).recommend(["u03"], 20)["item_id"])
    assert not found & set(short["item_id"])
    assert found & dropped


def test_the_system_itself_stays_as_it_was(system, random_world):
    events, _ = random_world
    before = system.recommend(users_of(events), 6)
    system.with_histories(events.head(3)).recommend(users_of(events), 6)
    assert system.recommend(users_of(events), 6).equals(before)


def test_users_do_not_depend_on_each_other_when_histories_go_on_after_training(system, random_world):
    events, _ = random_world
    later = events.with_columns(
        pl.col("timestamp")
        + pl.when(pl.col("user_id") == "u05").then(timedelta(days=200)).otherwise(timedelta(days=40))
    )
    alone = later.filter(pl.col("user_id") == "u03")
    found = system.with_histories(later).recommend(["u03"], 6)
    assert found.equals(system.with_histories(alone).recommend(["u03"], 6))


def test_items_that_training_did_not_know_are_left_out(system, random_world, log):
    found = system.with_histories(log("x ghost 1", "x i00 2")).recommend(["x"], 20, filter_viewed=False)
    assert "ghost" not in found["item_id"].to_list()
    assert len(found) > 0


def test_nobody_but_the_users_of_the_histories_is_known(system, random_world, log):
    served = system.with_histories(log("x i00 1"))
    if not system.serves_strangers:
        assert served.recommend(["u03"], 5).is_empty()
    assert served.with_histories(random_world[0]).recommend(["u03"], 5).equals(system.recommend(["u03"], 5))


@pytest.mark.parametrize("kind", [Popularity, ItemKNN, EASE, IALS, Transitions, BM25, Content, TwoTower])
def test_nothing_is_served_before_fit(kind, log):
    with pytest.raises(NotFittedError):
        kind().with_histories(log("a x 0"))
