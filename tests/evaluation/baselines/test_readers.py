"""Baselines that read titles: BM25, content, and the graph of transitions."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from intentrec.errors import DataError
from intentrec.evaluation.baselines import BM25, Content, Transitions
from intentrec.evaluation.baselines.bm25 import bm25_weights
from intentrec.evaluation.baselines.titles import remembered, titles_of, word_counts
from intentrec.evaluation.baselines.transitions import _Tier, edge_weights, merged


@pytest.fixture
def shop():
    """An item table from id -> title."""

    def build(**titles):
        return pl.DataFrame(
            {"item_id": list(titles), "title": list(titles.values())}, schema={"item_id": pl.String, "title": pl.String}
        )

    return build


def ranked(system, user, k=10, **options):
    rows = system.recommend([user], k, **options)
    return dict(zip(rows["item_id"], rows["score"], strict=True))


ANGLES = {"zero": 0, "ten": 10, "thirty": 30, "ninety": 90, "hundred": 100, "nothing": None}


def compass(titles):
    """Titles that name an angle, as vectors of length 3 in its direction."""
    angles = [ANGLES[title] for title in titles]
    return np.array(
        [[0, 0] if a is None else [3 * math.cos(math.radians(a)), 3 * math.sin(math.radians(a))] for a in angles]
    )


# titles -------------------------------------------------------------------------------------------------------------


def test_words_are_counted_in_one_form_and_any_script():
    counts = word_counts(["Red lamps, RED lamp!", "", "Лампа 2"])
    assert counts.shape == (3, 4)
    assert sorted(counts.toarray()[0].tolist()) == [0.0, 0.0, 2.0, 2.0]
    assert counts.toarray().sum(axis=1).tolist() == [4.0, 0.0, 2.0]


def test_titles_follow_the_ids_and_missing_ones_are_empty(shop):
    assert titles_of(shop(b="B", a=None), pl.Series(["a", "b", "c"])) == ["", "B", ""]


def test_titles_are_asked_for_where_the_table_has_none(log):
    with pytest.raises(DataError, match="title"):
        BM25().fit(log("a x 0"), pl.DataFrame({"item_id": ["x"]}))


def test_an_embedder_is_asked_once_for_the_same_titles():
    asked = []
    embed = remembered(lambda titles: asked.append(titles) or np.ones((len(titles), 2)))
    for titles in (["a"], ["a"], ["b"], ["b"]):
        embed(titles)
    assert asked == [["a"], ["b"]]


@pytest.mark.parametrize("wrong", [np.ones(2), np.ones((3, 2)), np.array([[np.nan, 1.0], [1.0, 1.0]])])
def test_an_embedder_that_gives_something_else_is_refused(wrong, log, shop):
    with pytest.raises(DataError, match="one row of finite numbers"):
        Content(embed=lambda titles: wrong).fit(log("a x 0"), shop(x="X", y="Y"))


# BM25 ---------------------------------------------------------------------------------------------------------------


def test_bm25_weights_by_hand():
    """Two titles, "lamp lamp red" and "red": N = 2, mean length 2."""
    weights = bm25_weights(sparse.csr_array(np.array([[2.0, 1.0], [0.0, 1.0]], dtype=np.float32)), 1.5, 0.5).toarray()
    lamp, red = math.log(1 + 1.5 / 1.5), math.log(1 + 0.5 / 2.5)
    long, short = 1.5 * (0.5 + 0.5 * 3 / 2), 1.5 * (0.5 + 0.5 * 1 / 2)
    expected = [[lamp * 2 * 2.5 / (2 + long), red * 2.5 / (1 + long)], [0.0, red * 2.5 / (1 + short)]]
    assert weights == pytest.approx(np.array(expected), rel=1e-6)


def test_bm25_finds_a_new_item_by_a_rare_word_and_nothing_without_one(log, shop):
    items = shop(a="red velvet lamp", b="red candle", c="velvet curtain", d="red mug", e="spoon")
    found = ranked(BM25().fit(log("u a 0", "v b 0", "v d 1"), items), "u")
    assert list(found) == ["c", "b", "d"]  # velvet is rarer than red; ties by id


def test_bm25_looks_at_the_last_items_and_fades(log, shop):
    items = shop(a="alpha", b="beta", c="gamma", a2="alpha two", b2="beta two", c2="gamma two")
    events = log("u a 0", "u b 1", "u c 2")
    assert list(ranked(BM25(recent=2, decay=0.5).fit(events, items), "u")) == ["c2", "b2"]
    scores = ranked(BM25(recent=3, decay=0.5).fit(events, items), "u")
    assert [scores[item] / scores["c2"] for item in ("b2", "a2")] == pytest.approx([0.5, 0.25], rel=1e-4)


# content ------------------------------------------------------------------------------------------------------------


def test_content_is_the_cosine_with_the_fading_mean(log, shop):
    items = shop(a="zero", b="ninety", c="ten", d="thirty", e="hundred", f="nothing")
    system = Content(embed=compass, recent=2, decay=0.5).fit(log("u a 0", "u b 1"), items)
    direction = math.atan2(1.0, 0.5)
    expected = {i: math.cos(direction - math.radians(angle)) for i, angle in (("e", 100), ("d", 30), ("c", 10))}
    assert ranked(system, "u") == pytest.approx(expected, rel=1e-4)
    assert list(ranked(system, "u")) == ["d", "e", "c"]


def test_content_has_nothing_for_a_user_whose_items_say_nothing(log, shop):
    system = Content(embed=compass).fit(log("u f 0", "v a 0"), shop(a="zero", f="nothing"))
    assert system.recommend(["u"], 5).is_empty()
    assert list(ranked(system, "v", filter_viewed=False)) == ["a"]


def test_new_items_are_found_by_readers_alone(log, shop):
    """Lamps and mugs; the user holds lamps, and only a new lamp is left of them."""
    lamps = {f"lamp{n}": f"desk lamp number {n}" for n in range(4)}
    mugs = {f"mug{n}": f"tea mug number {n}" for n in range(4)}
    items = shop(**lamps, **mugs, newlamp="desk lamp", newmug="tea mug")
    events = log(*(f"u lamp{n} {n}" for n in range(4)), *(f"v mug{n} {n}" for n in range(4)))
    for system in (BM25(), Content()):
        assert next(iter(ranked(system.fit(events, items), "u"))) == "newlamp"
        assert next(iter(ranked(system.fit(events, items), "v"))) == "newmug"


# transitions --------------------------------------------------------------------------------------------------------


def test_edges_weigh_the_logarithm_over_the_greatest_of_the_row():
    weights = edge_weights(sparse.csr_array(np.array([[0, 3, 1], [0, 0, 2], [0, 0, 0]], dtype=np.float32))).toarray()
    assert weights == pytest.approx(np.array([[0, 1, math.log(2) / math.log(4)], [0, 0, 1], [0, 0, 0]]), rel=1e-6)


def test_places_are_dealt_in_rounds_and_an_item_stands_where_it_is_dealt_first():
    off = -np.inf
    tiers = [
        _Tier(2, np.array([[5, 4, 3, off, off, off]], dtype=np.float32)),
        _Tier(0, np.array([[off, off, off, off, off, 9]], dtype=np.float32)),
        _Tier(1, np.array([[off, off, 9, 8, 7, off]], dtype=np.float32)),
    ]
    columns, scores = merged(tiers, 6)
    assert columns.tolist() == [[0, 1, 2, 3, 4, -1]]
    assert scores[0].tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, -np.inf])


def test_rings_come_in_their_shares_and_are_ordered_by_title_and_count(log, shop):
    """Last item a. Ring 1: b (twice), c; ring 2: d, e; the rest: f."""
    items = shop(a="zero", b="ninety", c="thirty", d="hundred", e="ten", f="zero", g="nothing")
    events = log(
        "u a 9",
        "v a 0", "v b 1", "v d 2",
        "w a 0", "w b 1",
        "x a 0", "x c 1", "x e 2",
    )  # fmt: skip
    by_text = Transitions(embed=compass, edge=0.0, near=1, far=1, rest=1).fit(events, items)
    assert list(ranked(by_text, "u")) == ["c", "e", "f", "b", "d", "g"]
    by_count = Transitions(embed=compass, edge=9.0, near=2, far=1, rest=1).fit(events, items)
    assert list(ranked(by_count, "u")) == ["b", "c", "e", "f", "d", "g"]


def test_the_item_before_the_last_has_rings_of_its_own(log, shop):
    items = shop(a="zero", b="ninety", c="thirty", d="hundred", e="ten")
    events = log("u a 0", "u b 1", "v a 0", "v c 1", "w b 0", "w d 1")
    one = Transitions(embed=compass, near=1, far=0, rest=1).fit(events, items)
    assert list(ranked(one, "u")) == ["d", "c", "e"]
    # The cosine with b would put c before e; the rest is asked only after what followed a.
    two = Transitions(embed=compass, near=1, far=0, before_near=1, rest=1).fit(events, items)
    assert list(ranked(two, "u"))[:2] == ["d", "c"]


def test_chains_are_followed_where_titles_say_nothing(log, shelf):
    """Everybody walks a circle of twelve; what comes next is certain, and is seen by nobody in a sum over histories."""
    walks = [f"u{user} i{(user + step) % 12:02} {step}" for user in range(12) for step in range(4)]
    items = shelf(*(f"i{n:02}" for n in range(12)))
    system = Transitions(embed=lambda titles: np.ones((len(titles), 1)), edge=1.0).fit(log(*walks), items)
    rows = system.recommend([f"u{user}" for user in range(12)], 1)
    assert rows["item_id"].to_list() == [f"i{(user + 4) % 12:02}" for user in range(12)]


def test_transitions_give_a_new_item_a_place_by_its_title(log, shop):
    items = shop(a="zero", b="ninety", new="ten")
    system = Transitions(embed=compass, near=1, far=0, rest=1).fit(log("v a 0", "v b 1", "u a 0"), items)
    assert list(ranked(system, "u")) == ["b", "new"]
