"""When a stored list is served, and what of it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle_world import AS_OF, Made, open_made
from intentrec.config import Config
from intentrec.serving.ranking import Ask, Filters, Ranking
from intentrec.serving.ranking.shortcut import worth
from live_world import HeldLive

SHOP = Made(
    items={"a": [1.0, 0.0], "b": [0.9, 0.1], "c": [0.8, 0.2], "d": [0.0, 1.0], "e": [0.7, 0.3]},
    facts={
        "a": {"title": "A", "category": "tea", "brand": "X", "price": 1.0},
        "b": {"title": "B", "category": "tea", "price": 2.0},
        "c": {"title": "C", "category": "garden", "brand": "Y", "price": 3.0},
        "d": {"title": "D", "brand": "X"},
        "e": {"title": "E", "category": "garden", "price": 5.0},
    },
    users={"u": [1.0, 0.0], "w": [0.0, 1.0]},
    lists={"u": ["b", "c", "a", "d"], "w": ["d"]},
    did={"w": ["a"]},
    popular=["c", "a"],
    beta=1.0,
)


@pytest.fixture
def ranking(tmp_path: Any, live: HeldLive) -> Ranking:
    return Ranking(open_made(tmp_path, SHOP), live, Config())  # type: ignore[arg-type]


def items(ranking: Ranking, user: str = "u", **ask: Any) -> tuple[str, list[str]]:
    answer = ranking.for_user(user, Ask(**ask))
    return answer.source, [entry["item_id"] for entry in answer.to_list()]


def test_the_stored_order_is_served_though_ranking_anew_gives_another(ranking: Ranking) -> None:
    assert items(ranking, k=3) == ("stored", ["b", "c", "a"])
    assert items(ranking, k=5) == ("live", ["a", "b", "c", "e", "d"])


@pytest.mark.parametrize("override", [{"beta": 1.0}, {"diversity": 0.0}, {"filter_viewed": False}])
def test_whatever_overrides_ranks_anew(ranking: Ranking, override: dict[str, Any]) -> None:
    assert items(ranking, k=3, **override) == ("live", ["a", "b", "c"])


@pytest.mark.parametrize(
    ("filters", "k", "expected"),
    [
        (Filters(categories=frozenset(["tea"])), 2, ("stored", ["b", "a"])),
        (Filters(categories=frozenset(["tea"])), 3, ("live", ["a", "b"])),
        (Filters(categories=frozenset(["nothing"])), 1, ("live", [])),
        (Filters(categories=frozenset()), 1, ("live", [])),
        (Filters(not_categories=frozenset(["tea", "nothing"])), 2, ("stored", ["c", "d"])),
        (Filters(brands=frozenset(["X", "Z"])), 2, ("stored", ["a", "d"])),
        (Filters(min_price=2.0), 2, ("stored", ["b", "c"])),
        (Filters(max_price=2.0), 2, ("stored", ["b", "a"])),
        (Filters(min_price=4.0), 1, ("live", ["e"])),
        (Filters(items=frozenset(["d", "c", "nothing"])), 2, ("stored", ["c", "d"])),
        (Filters(not_items=frozenset(["b"])), 2, ("stored", ["c", "a"])),
    ],
)
def test_filters_pick_from_the_stored_list_as_long_as_it_has_enough(
    ranking: Ranking, filters: Filters, k: int, expected: tuple[str, list[str]]
) -> None:
    assert items(ranking, k=k, filters=filters) == expected


def test_filters_hold_for_what_is_popular_and_what_is_similar(ranking: Ranking) -> None:
    assert items(ranking, "ghost", k=5) == ("popular", ["c", "a"])
    tea = Filters(categories=frozenset(["tea"]))
    assert items(ranking, "ghost", k=5, filters=tea) == ("popular", ["a"])
    assert [entry["item_id"] for entry in ranking.similar("c", Ask(filters=tea)).to_list()] == ["b", "a"]


NAMES = st.frozensets(st.sampled_from(["tea", "garden", "none"]), max_size=2)
IDS = st.frozensets(st.sampled_from("abcdef"), max_size=3)
PRICE = st.none() | st.sampled_from([0.0, 1.0, 2.5, 5.0, 9.0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.builds(
        Filters, categories=st.none() | NAMES, not_categories=NAMES, min_price=PRICE, max_price=PRICE,
        brands=st.none() | st.frozensets(st.sampled_from("XYZ"), max_size=2), items=st.none() | IDS, not_items=IDS,
    )
)  # fmt: skip
def test_filters_say_what_they_mean(ranking: Ranking, filters: Filters) -> None:
    def passes(item: str) -> bool:
        fact = {"category": None, "brand": None, "price": None, **SHOP.facts[item]}
        price = fact["price"]
        return (
            (filters.categories is None or fact["category"] in filters.categories)
            and fact["category"] not in filters.not_categories
            and (filters.brands is None or fact["brand"] in filters.brands)
            and (filters.min_price is None or (price is not None and price >= filters.min_price))
            and (filters.max_price is None or (price is not None and price <= filters.max_price))
            and (filters.items is None or item in filters.items)
            and item not in filters.not_items
        )

    expected = [item for item in "abced" if passes(item)]
    assert items(ranking, k=5, filters=filters, beta=1.0) == ("live", expected)
    stored = [item for item in "bcad" if passes(item)]
    if stored:
        assert items(ranking, k=len(stored), filters=filters) == ("stored", stored)


def with_neighbours(ranking: Ranking, n: int) -> Ranking:
    config = Config.model_validate({"serving": {"new_item_neighbours": n}})
    return Ranking(ranking.bundle, ranking.live, config)


def test_a_new_item_takes_its_place_where_it_would_stand(ranking: Ranking, live: HeldLive) -> None:
    live.put("n", "A", category="tea", price=1.5)  # the title of a, so that its vector is a's
    ranking = with_neighbours(ranking, 1)
    assert ranking.item("n") == {"item_id": "n", "title": "A", "category": "tea", "price": 1.5, "name": "A"}
    assert items(ranking, k=3) == ("live", ["a", "n", "b"])
    assert ranking.for_user("u", Ask(k=3)).to_list()[1]["score"] == 1.0
    assert items(ranking, k=2, filters=Filters(max_price=1.5)) == ("live", ["a", "n"])
    assert items(ranking, "w", k=1) == ("stored", ["d"])  # who wants nothing like it


def test_a_new_item_that_would_stand_nowhere_leaves_the_stored_list(ranking: Ranking, live: HeldLive) -> None:
    live.put("n", "A")
    ranking = with_neighbours(ranking, 5)  # the mean of all five: worth 0.68, and the fourth as stored is worth 0.7
    assert items(ranking, k=4) == ("stored", ["b", "c", "a", "d"])
    assert items(ranking, k=5) == ("live", ["a", "b", "c", "e", "n"])


def test_filters_keep_a_new_item_from_deciding(ranking: Ranking, live: HeldLive) -> None:
    live.put("n", "A", category="tea")
    ranking = with_neighbours(ranking, 1)
    assert items(ranking, k=3, filters=Filters(not_items=frozenset(["n"]))) == ("stored", ["b", "c", "a"])
    assert items(ranking, k=1, filters=Filters(categories=frozenset(["garden"]))) == ("stored", ["c"])


def test_what_came_in_about_an_item_stands_in_the_stored_entry(ranking: Ranking, live: HeldLive) -> None:
    before = ranking.for_user("u", Ask(k=2)).to_list()
    live.put("c", "SEA", price=9.5)
    after = ranking.for_user("u", Ask(k=2))
    assert after.source == "stored"
    assert after.to_list()[0] == before[0]
    changed = {"title": "SEA", "price": 9.5, "category": "garden"}  # it keeps its category, and has no brand now
    assert after.to_list()[1] == {k: v for k, v in before[1].items() if k != "brand"} | changed
    assert ranking.for_user("u", Ask(k=2, explain=False)).to_list()[1]["title"] == "SEA"
    assert items(ranking, k=1, filters=Filters(min_price=9.0)) == ("stored", ["c"])
    assert items(ranking, k=1, filters=Filters(brands=frozenset(["Y"]))) == ("live", [])
    live.put("c", "SEA", category="sea", brand="W")
    assert items(ranking, k=1, filters=Filters(categories=frozenset(["sea"]))) == ("stored", ["c"])
    assert items(ranking, k=1, filters=Filters(brands=frozenset(["W"]))) == ("stored", ["c"])


def test_who_has_done_something_since_is_ranked_anew(ranking: Ranking, live: HeldLive) -> None:
    live.did("u", "purchase", "b", AS_OF)
    assert items(ranking, k=2) == ("live", ["a", "c"])
    assert items(ranking, "w", k=1) == ("stored", ["d"])


def test_what_is_at_hand_is_the_stored_list_or_nothing(ranking: Ranking, live: HeldLive) -> None:
    assert ranking.at_hand("u", Ask(k=3)) == ranking.for_user("u", Ask(k=3))
    assert ranking.at_hand("u", Ask(k=5)) is None
    assert ranking.at_hand("u", Ask(k=3, beta=0.5)) is None
    assert ranking.at_hand("ghost", Ask(k=3)) is None
    live.put("n", "A")
    assert ranking.at_hand("u", Ask(k=3)) is None  # until somebody has found out where it would stand
    assert ranking.for_user("u", Ask(k=3)).source == "stored"
    assert ranking.at_hand("u", Ask(k=3)) == ranking.for_user("u", Ask(k=3))
    live.did("u", "purchase", "b", AS_OF)
    assert ranking.at_hand("u", Ask(k=3)) is None


def test_what_was_found_out_is_forgotten_when_there_is_too_much(
    ranking: Ranking, live: HeldLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intentrec.serving.ranking.shortcut._REMEMBERED", 1)
    monkeypatch.setattr("intentrec.serving.ranking.shelf._MASKS", 1)
    live.put("n", "A")
    for _ in range(2):
        for user, k in (("u", 3), ("w", 1)):
            assert ranking.for_user(user, Ask(k=k)).source == "stored"
        for least in (0.5, 1.5):
            listed = ranking.for_user("u", Ask(k=9, filters=Filters(min_price=least))).to_list()
            assert all(entry["price"] >= least for entry in listed)


def test_a_new_item_is_worth_nothing_to_a_stranger_and_its_best_interest_to_others(
    tmp_path: Any, live: HeldLive
) -> None:
    made = Made(
        items={"a": [1.0, 0.0], "b": [0.0, 1.0]}, users={"u": [0.5, 0.5]}, lists={"u": ["a", "b"]},
        tags={"u": [("i", "east"), ("j", "north")]}, words={"east": [2.0, 0.0], "north": [0.0, 4.0]}, beta=0.25,
    )  # fmt: skip
    ranking = with_neighbours(Ranking(open_made(tmp_path, made), live, Config()), 1)  # type: ignore[arg-type]
    live.put("n", "b")
    shelf = ranking._shelves.now()
    assert worth(ranking._people.stranger("x"), shelf).tolist() == [-np.inf]
    assert worth(ranking._people.of("u"), shelf).tolist() == [0.25 * 0.5 + 0.75 * 4.0]
    assert ranking.for_user("u", Ask(k=2)).source == "live"
