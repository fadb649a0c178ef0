import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.retrieval import ItemIndex, RetrievalConfig, Tags, recommend
from intentrec.retrieval.variety import Likeness, vary


def config(**settings):
    return RetrievalConfig(**{"diversity": 0.0, "diversity_places": 4, "diversity_pool": 20, **settings})


def order_of(score, categories, *, vectors=None, **settings):
    """Items of one user's list, in order, and the score of each."""
    n = len(score)
    rows, zeros = np.arange(n), np.zeros(n, dtype=np.int64)
    vectors = np.ones((n, 1), np.float32) if vectors is None else vectors
    chosen = config(**settings)
    likeness = Likeness(np.asarray(categories), vectors, chosen.diversity_vectors)
    standing = vary(zeros, zeros, rows, np.asarray(score, float), share=np.ones(1), likeness=likeness, config=chosen)
    order = np.lexsort((rows, -standing))
    return order.tolist(), standing[order]


def test_a_repeated_category_is_lowered_by_so_many_standard_deviations():
    # The scores spread by 1.118; half of that lets item 3 pass item 1 and 2, which repeat the category of item 0.
    order, standing = order_of([4, 3, 2.4, 2.2], [7, 7, 7, 8], diversity=1.0)
    spread = np.std([4, 3, 2.4, 2.2])
    assert order == [0, 1, 3, 2]
    assert standing == pytest.approx(
        [4, 3 - spread, 2.2, 2.4 - spread][:1] + sorted([3 - spread, 2.2, 2.4 - spread])[::-1]
    )


def test_only_the_first_places_are_chosen_and_the_rest_follows_by_score():
    order, standing = order_of([9, 8, 7, 6, 5, 4], [0, 0, 0, 1, 0, 2], diversity=10.0, diversity_places=2)
    assert order == [0, 3, 1, 2, 4, 5]
    assert (np.diff(standing) < 0).all()


def test_items_without_a_category_resemble_nothing():
    assert order_of([4, 3, 2, 1], [-1, -1, -1, 0], diversity=5.0)[0] == [0, 1, 2, 3]


def test_a_cap_counts_the_items_of_a_category_in_the_first_places():
    order, _ = order_of([9, 8, 7, 6, 5, 4], [0, 0, 0, 0, 1, 1], category_cap=2)
    assert order == [0, 1, 4, 5, 2, 3]


def test_a_cap_that_cannot_be_kept_leaves_no_place_empty():
    assert order_of([9, 8, 7, 6], [0, 0, 0, 1], category_cap=1, diversity_places=3)[0] == [0, 1, 3, 2]


def greedy(score, categories, vectors, by_vectors, weight, places):
    """Maximal marginal relevance as the paper writes it: one item after the other."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    left, taken = list(range(len(score))), []

    def value(item):
        alike = [
            by_vectors * np.clip(unit[item] @ unit[other], 0, 1)
            + (1 - by_vectors) * (categories[item] == categories[other])
            for other in taken
        ]
        return score[item] - weight * np.std(score) * max(alike, default=0.0)

    while left and len(taken) < places:
        best = max(left, key=lambda item: (round(value(item), 9), -item))
        taken.append(best)
        left.remove(best)
    return taken + sorted(left, key=lambda item: (-score[item], item))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 0.4, 1.0]), st.sampled_from([0.2, 1.0, 3.0]), st.integers(1, 12))
def test_variety_is_greedy_marginal_relevance(seed, by_vectors, weight, places):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 16))
    score, categories = rng.standard_normal(n), rng.integers(0, 5, n)
    vectors = rng.standard_normal((n, 3)).astype(np.float32)
    order, standing = order_of(
        score, categories, vectors=vectors, diversity=weight, diversity_vectors=by_vectors, diversity_places=places
    )
    assert order == greedy(score, categories, vectors.astype(float), by_vectors, weight, places)
    assert (np.diff(standing) <= 0).all()


def world(seed, n_users=7, n_items=90):
    rng = np.random.default_rng(seed)
    index = ItemIndex.build([f"v{row:02}" for row in range(n_items)], rng.standard_normal((n_items, 5)))
    users = [f"u{row}" for row in range(n_users)]
    rows = [(user, f"t{tag}", f"i{tag % 3}") for user in users[1:] for tag in rng.choice(6, rng.integers(0, 5), False)]
    frame = pl.DataFrame(rows, schema=["user_id", "tag", "interest_id"], orient="row")
    frame = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("user_id").alias("rank"))
    tags = Tags(frame, [f"t{tag}" for tag in range(6)], rng.standard_normal((6, 5)))
    codes = rng.integers(-1, 6, n_items)

    def listed(k, **settings):
        vectors = np.random.default_rng(seed + 1).standard_normal((n_users, 5))
        made = config(diversity_pool=40, diversity_places=8, **settings)
        return recommend(index, users, vectors, k, beta=0.6, config=made, tags=tags, categories=codes)

    return index, users, codes, listed


SETTINGS = st.sampled_from(
    [
        {"diversity": 0.5},
        {"category_cap": 2},
        {"diversity": 0.5, "category_cap": 1},
        {"diversity": 1.0, "diversity_vectors": 0.5},
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), SETTINGS, st.integers(1, 40))
def test_a_short_list_is_the_beginning_of_a_longer_one_and_scores_fall(seed, chosen, k):
    *_, listed = world(seed)
    long, short = listed(40, **chosen), listed(k, **chosen)
    assert long.filter(pl.col("rank") <= k).equals(short)
    assert long.equals(long.sort("user_id", -pl.col("score"), "item_id"))
    parts = pl.col("score_user") + pl.col("score_tag").fill_null(0)
    assert long.select((pl.col("score") <= parts + 1e-9).all()).item()
    assert long.group_by("user_id").agg(pl.col("item_id").n_unique())["item_id"].to_list() == [40] * 7


def codes_of(index, codes, rows, k, n_users):
    return np.searchsorted(index.ids, rows.filter(pl.col("rank") <= k)["item_id"].to_numpy().astype(str)).reshape(
        n_users, k
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_the_cap_holds_in_every_list(seed, cap):
    index, users, codes, listed = world(seed)
    lists = codes_of(index, codes, listed(8, category_cap=cap), 8, len(users))
    for row in codes[lists]:
        pooled = np.bincount(row[row >= 0], minlength=1)
        assert pooled.max() <= max(cap, 3)  # six categories and a cap of one leave places that must be filled
        assert cap < 2 or pooled.max() <= cap


def test_more_weight_brings_more_categories():
    index, users, codes, listed = world(3)
    found = []
    for weight in (0.01, 0.3, 3.0):
        lists = codes[codes_of(index, codes, listed(8, diversity=weight), 8, len(users))]
        found.append(sum(len(set(row) - {-1}) for row in lists.tolist()))
    assert found[0] < found[1] < found[2]


def test_the_interests_keep_their_share_of_the_first_places():
    *_, listed = world(5)
    from_tags = [
        listed(8, diversity=weight, user_share=0.4)
        .group_by("user_id", maintain_order=True)
        .agg((pl.col("source") == "tag").sum())
        for weight in (0.0, 0.5)
    ]
    plain, varied = (frame["source"].to_numpy().astype(int) for frame in from_tags)
    assert plain.sum() > 8
    assert (np.abs(plain - varied) <= 1).all()


@pytest.mark.parametrize("chosen", [{"diversity": 0.0}, {"diversity": 1.0}, {"category_cap": 1}])
def test_without_weight_or_without_categories_the_list_is_the_plain_one(chosen):
    index = ItemIndex.build(["a", "b", "c"], np.array([[3.0], [2.0], [1.0]]))
    codes = np.array([0, 0, 1]) if chosen == {"diversity": 0.0} else None
    rows = recommend(index, ["u"], np.ones((1, 1)), 3, beta=1.0, config=config(**chosen), categories=codes)
    assert rows["item_id"].to_list() == ["a", "b", "c"]
    assert rows["score"].to_list() == [3, 2, 1]


def test_categories_of_an_index_are_codes_in_its_order():
    index = ItemIndex.build(["b", "a", "c", "d"], np.eye(4))
    frame = pl.DataFrame({"item_id": ["a", "b", "c", "x"], "category": ["up", "down", None, "zzz"]})
    codes = index.categories(frame)
    assert codes.tolist() == [1, 0, -1, -1]
