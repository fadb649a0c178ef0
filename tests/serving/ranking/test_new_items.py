"""An item that came in since the release is found by what its title says, beside an index that was not touched."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from intentrec.retrieval import ItemIndex, RetrievalConfig, VectorIndex, build_index
from intentrec.serving.ranking import Ask, Filters, Ranking
from intentrec.serving.ranking.stacked import Extended, Stacked
from live_world import HeldLive
from shop_world import Shop

PLANTED = "planted-tea"


def place_of(ranking: Ranking, user: str, item: str) -> int:
    listed = [entry["item_id"] for entry in ranking.for_user(user, Ask(k=73, diversity=0.0)).to_list()]
    return listed.index(item)


def test_a_tea_tin_reaches_those_who_want_tea(ranking: Ranking, live: HeldLive, served: Shop) -> None:
    live.put(PLANTED, "BLUE TEA TIN", category="tea", price=4.0)
    places = {user: place_of(ranking, user, PLANTED) for user in served.themes}
    wanting = [place for user, place in places.items() if "tea" in served.themes[user]]
    others = [place for user, place in places.items() if "tea" not in served.themes[user]]
    assert np.mean(wanting) < np.mean(others) - 20
    assert max(wanting) < np.median(others)
    found = {user: ranking.for_user(user, Ask(k=10)) for user in served.themes}
    getting = [user for user, answer in found.items() if PLANTED in [entry["item_id"] for entry in answer.to_list()]]
    assert getting
    assert all("tea" in served.themes[user] for user in getting)
    assert {found[user].source for user in getting} == {"live"}
    assert [user for user in served.themes if found[user].source == "stored"]  # where it would not stand


def test_its_row_is_told_like_any_other(ranking: Ranking, live: HeldLive) -> None:
    live.put(PLANTED, "BLUE TEA TIN", category="tea", price=4.0, material="tin")
    only = Ask(k=5, filters=Filters(items=frozenset([PLANTED])))
    (entry,) = ranking.for_user("user000", only).to_list()
    assert (entry["title"], entry["category"], entry["price"]) == ("BLUE TEA TIN", "tea", 4.0)
    assert entry["reason"].startswith("Close to the ")
    assert entry["score"] == pytest.approx(entry["score_user"] + entry["score_tag"], abs=2e-6)
    chain = ranking.why("user000", PLANTED)
    assert (chain.title, chain.item_id) == ("BLUE TEA TIN", PLANTED)
    assert chain.remembered == {}
    item = {"item_id": PLANTED, "title": "BLUE TEA TIN", "category": "tea", "price": 4.0, "name": "BLUE TEA TIN"}
    assert ranking.item(PLANTED) == item | {"material": "tin"}
    assert ranking.audience(PLANTED) == []


def test_filters_hold_for_it(ranking: Ranking, live: HeldLive) -> None:
    live.put(PLANTED, "BLUE TEA TIN", category="treasures", brand="Newbrand", price=4.0)

    def listed(**filters: Any) -> list[str]:
        answer = ranking.for_user("user000", Ask(k=73, filters=Filters(**filters)))
        return [entry["item_id"] for entry in answer.to_list()]

    assert listed(categories=frozenset(["treasures"])) == [PLANTED]
    assert listed(brands=frozenset(["Newbrand"])) == [PLANTED]
    assert PLANTED in listed(max_price=4.0)
    assert PLANTED not in listed(max_price=3.9)
    assert PLANTED not in listed(not_categories=frozenset(["treasures"]))
    assert PLANTED not in listed(not_items=frozenset([PLANTED]))
    assert PLANTED not in listed(brands=frozenset(["Bluebird"]))


def test_it_can_be_bought_and_pointed_back_to(ranking: Ranking, live: HeldLive) -> None:
    live.put(PLANTED, "BLUE TEA TIN", category="tea")
    live.put("planted-too", "BLUE TEA TIN", category="tea")
    live.did("user000", "purchase", PLANTED, ranking.bundle.meta.as_of)
    listed = {entry["item_id"]: entry for entry in ranking.for_user("user000", Ask(k=73)).to_list()}
    assert PLANTED not in listed
    assert listed["planted-too"]["reason"] == "Close to the BLUE TEA TIN that you chose before"


def test_it_is_similar_to_what_its_title_says(ranking: Ranking, live: HeldLive) -> None:
    live.put(PLANTED, "VINTAGE CHINA TEA CUP", category="tea")
    near = [entry["item_id"] for entry in ranking.similar(PLANTED, Ask(k=10)).to_list()]
    assert PLANTED not in near
    assert [item.split("-")[0] for item in near].count("tea") >= 8
    assert PLANTED in [entry["item_id"] for entry in ranking.similar(near[0], Ask(k=10)).to_list()]


def test_items_that_came_in_are_placed_once(ranking: Ranking, live: HeldLive, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    read = ranking._reader.of_texts
    monkeypatch.setattr(ranking._reader, "of_texts", lambda titles, n: asked.append(list(titles)) or read(titles, n))
    live.put("n1", "BLUE TEA TIN")
    ranking.item("n1")
    live.put("n2", "RUSTIC CAKE STAND")
    live.put("tea-0-0", "VINTAGE CHINA TEA CUP, MENDED")
    ranking.item("n2")
    ranking.item("n2")
    assert asked == [["BLUE TEA TIN"], ["RUSTIC CAKE STAND"]]


VECTORS = np.random.default_rng(5).standard_normal((60, 6)).astype(np.float32)
QUERIES = np.random.default_rng(6).standard_normal((7, 6)).astype(np.float32)


@cache
def engines(n: int) -> list[VectorIndex | None]:
    config = RetrievalConfig(index="ivf", index_recall=1.0)
    return [None, build_index(VECTORS[:n], RetrievalConfig(index="exact")), build_index(VECTORS[:n], config, QUERIES)]


@pytest.mark.parametrize("engine", [0, 1, 2])
@settings(deadline=None, max_examples=25)
@given(st.integers(0, 5), st.integers(1, 70), st.booleans(), st.integers(0, 2**32))
def test_a_search_beside_is_a_search_over_all(engine: int, n_new: int, k: int, masked: bool, seed: int) -> None:
    n, rng = len(VECTORS) - n_new, np.random.default_rng(seed)
    ids = [f"a{row:02d}" for row in range(n)]
    new = [f"n{row}" for row in range(n_new)]
    index = Extended.of(ItemIndex(np.array(ids), VECTORS[:n], engines(n)[engine]), new, VECTORS[n:])
    whole = ItemIndex.build([*ids, *new], VECTORS)
    allowed = rng.random(len(VECTORS)) < rng.random() if masked else None
    barred = sparse.csr_array((rng.random((len(QUERIES), len(VECTORS))) < rng.random()).astype(np.int8))
    found = index.search(QUERIES, k, allowed=allowed, excluded=barred)
    expected = whole.search(QUERIES, k, allowed=allowed, excluded=barred)
    assert [array.tolist() for array in (found.query, found.rank, found.item)] == [
        array.tolist() for array in (expected.query, expected.rank, expected.item)
    ]
    assert found.score.tolist() == expected.score.tolist()
    assert index.compares_all == (engine < 2)
    assert index.engine is not None
    assert index.engine.facts.items == n
    assert len(index) == len(whole)
    asked = ["a03", "n0", "nothing", "a00"]
    assert index.places(asked).tolist() == whole.places(asked).tolist()


def test_two_blocks_read_like_one() -> None:
    both = Stacked(VECTORS[:50], VECTORS[50:])
    rows = np.array([[0, 49, 50], [59, 3, 51]])
    assert both[rows].tolist() == VECTORS[rows].tolist()
    assert both[rows[:, :1]].tolist() == VECTORS[rows[:, :1]].tolist()
    assert (both[55].tolist(), both[5].tolist()) == (VECTORS[55].tolist(), VECTORS[5].tolist())
    assert (len(both), both.shape, both.nbytes) == (60, (60, 6), VECTORS.nbytes)
    names = Stacked(np.array(["a", "b"]), np.array(["longer"]))
    assert names[np.array([2, 0])].tolist() == ["longer", "a"]
    assert str(names[2]) == "longer"
