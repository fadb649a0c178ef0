from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from intentrec.errors import DataError
from intentrec.retrieval import ItemIndex, RetrievalConfig, Tags, recommend
from intentrec.retrieval.additions import at_pairs, checked

N_USERS, N_ITEMS, WIDTH = 7, 80, 4
NAMES = [f"v{row:02}" for row in range(N_ITEMS)]
USERS = [f"u{row}" for row in range(N_USERS)]


def config(kind="exact", **changes):
    return RetrievalConfig(**{"diversity": 0.0, "block_scores": 1_000, "index": kind, **changes})


def whole(scores, k, barred):
    """Rows of user, rank, item and score by brute force; ties go to the smaller id."""
    rows = []
    for user, own in zip(USERS, scores, strict=True):
        order = [item for item in np.lexsort((np.arange(N_ITEMS), -own)) if not barred[USERS.index(user), item]]
        rows += [(user, rank, NAMES[item], own[item]) for rank, item in enumerate(order[:k], start=1)]
    return rows


def tags_of(rows, names, vectors):
    """Rows of user, rank and tag, all of one interest."""
    schema = {"user_id": pl.String, "rank": pl.UInt32, "tag": pl.String, "interest_id": pl.String}
    return Tags(pl.DataFrame([(*row, "i1") for row in rows], schema, orient="row"), names, vectors)


def world(seed, share):
    """Whole numbers, so that sums are exact and many scores tie."""
    rng = np.random.default_rng(seed)
    items, users = (rng.integers(-3, 4, (n, WIDTH)).astype(np.float32) for n in (N_ITEMS, N_USERS))
    extra = rng.integers(0, 9, (N_USERS, N_ITEMS)) * (rng.random((N_USERS, N_ITEMS)) < share)
    return rng, items, users, extra.astype(np.float64)


@pytest.mark.parametrize("kind", ["exact", "ivf"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_dense_and_sparse_together_equal_brute_force(kind, data):
    rng, items, users, extra = world(data.draw(st.integers(0, 2**31)), data.draw(st.sampled_from([0.0, 0.05, 1.0])))
    index = ItemIndex.build(NAMES, items)
    if kind == "ivf":
        pytest.importorskip("faiss")
        items = rng.standard_normal((N_ITEMS, WIDTH)).astype(np.float32)  # an approximate index knows no ties
        index = ItemIndex.build(NAMES, items).searchable(config("ivf", index_least_recall=0.0), users)
        every = replace(index.engine.facts, effort=index.engine.facts.lists)
        index = replace(index, engine=replace(index.engine, facts=every))
    allowed = data.draw(st.sampled_from([None, 0.1, 0.6, 1.0]))
    mask = None if allowed is None else rng.random(N_ITEMS) < allowed
    barred = rng.random((N_USERS, N_ITEMS)) < data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    k = data.draw(st.sampled_from([1, 5, N_ITEMS]))
    found = recommend(
        index, USERS, users, k, beta=1.0, config=config(), added=sparse.csr_array(extra), allowed=mask,
        excluded=sparse.csr_array(barred.astype(np.int8)),
    )  # fmt: skip
    scores = users.astype(np.float64) @ items.T.astype(np.float64) + extra
    wanted = whole(scores, k, barred if mask is None else barred | ~mask)
    assert found.select("user_id", "rank", "item_id").rows() == [row[:3] for row in wanted]
    assert found["score"].to_list() == pytest.approx([row[3] for row in wanted], abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["interests", "single"]))
def test_with_tags_the_addition_is_part_of_what_the_user_says(seed, fused):
    rng, items, users, extra = world(seed, 0.1)
    beta = rng.integers(0, 5, N_USERS) / 4
    words = [f"t{row}" for row in range(5)]
    rows = [(user, 1 + place, word) for user in USERS[1:] for place, word in enumerate(rng.choice(words, 2, False))]
    vectors = rng.integers(-3, 4, (5, WIDTH)).astype(np.float32)
    found = recommend(
        ItemIndex.build(NAMES, items), USERS, users, N_ITEMS, beta=beta, config=config(fused=fused, user_share=0.5),
        tags=tags_of(rows, words, vectors), added=sparse.csr_array(extra),
    )  # fmt: skip
    assert found.height == N_USERS * N_ITEMS
    own = users.astype(np.float64) @ items.T + extra
    for row in found.iter_rows(named=True):
        user, item = USERS.index(row["user_id"]), NAMES.index(row["item_id"])
        mine = [words.index(word) for who, _, word in rows if who == row["user_id"]]
        weight = beta[user] if mine else 1.0
        assert row["score_user"] == pytest.approx(weight * own[user, item])
        if mine and weight < 1:
            tags = vectors[mine].mean(axis=0).astype(np.float64) @ items[item]
            assert row["score_tag"] == pytest.approx((1 - weight) * tags)
        else:
            assert row["score_tag"] is None
        assert row["score"] == row["score_user"] + (row["score_tag"] or 0)


def test_an_interest_finds_what_only_the_addition_lifts():
    # The interest searches with half of the user and half of its tag; "low" comes first by its addition alone.
    index = ItemIndex.build(["high", "low", "mid"], np.array([[3, 3], [-1, 0], [1, 1]]))
    tags = tags_of([("u", 1, "t")], ["t"], np.array([[0.0, 1.0]]))
    added = sparse.csr_array(np.array([[0.0, 20.0, 0.0]]))
    for share in (0.0, 1.0):
        found = recommend(
            index, ["u"], np.array([[1.0, 0.0]]), 1, beta=0.5, config=config(user_share=share), tags=tags, added=added
        )
        assert found.select("item_id", "score_user", "score_tag").row(0) == ("low", 9.5, 0.0)
        assert found["source"].item() == ("user" if share else "tag")


def test_blocks_of_users_do_not_change_lists_with_additions():
    _, items, users, extra = world(3, 0.2)
    index = ItemIndex.build(NAMES, items)
    found = [
        recommend(index, USERS, users, 9, beta=1.0, config=config(block_scores=n), added=sparse.csr_array(extra))
        for n in (1_000, 1_000_000)
    ]
    assert found[0].equals(found[1])


def test_nothing_added_changes_nothing():
    _, items, users, _ = world(4, 0.0)
    index = ItemIndex.build(NAMES, items)
    nothing = sparse.csr_array((N_USERS, N_ITEMS))
    one, two = (recommend(index, USERS, users, 9, beta=1.0, config=config(), added=added) for added in (None, nothing))
    assert one.equals(two)


def test_variety_chooses_by_scores_with_additions():
    # Two categories; the addition lifts the second item of the first category far above everything.
    index = ItemIndex.build(["a1", "a2", "b1", "b2"], np.array([[4.0], [3.0], [2.0], [1.0]]))
    categories = np.array([0, 0, 1, 1])
    added = sparse.csr_array(np.array([[0.0, 9.0, 0.0, 0.0]]))
    found = recommend(
        index, ["u"], np.array([[1.0]]), 4, beta=1.0, config=config(category_cap=1, diversity_places=2),
        categories=categories, added=added,
    )  # fmt: skip
    assert found["item_id"].to_list()[:2] == ["a2", "b1"]
    assert found.filter(item_id="a2")["score_user"].item() == 12.0


def test_what_cannot_be_added_is_refused():
    _, items, users, _ = world(5, 0.0)
    index = ItemIndex.build(NAMES, items)

    def ask(added):
        return recommend(index, USERS, users, 3, beta=1.0, config=config(), added=sparse.csr_array(added))

    with pytest.raises(DataError, match=r"shape \(7, 3\), but must have \(7, 80\)"):
        ask(np.zeros((N_USERS, 3)))
    for wrong in (-0.5, np.nan, np.inf):
        added = np.zeros((N_USERS, N_ITEMS))
        added[2, 5] = wrong
        with pytest.raises(DataError, match=f"must be finite and not below 0; one value is {wrong:g}"):
            ask(added)


def test_columns_out_of_order_or_twice_are_put_in_order():
    odd = sparse.csr_array((np.array([1.0, 2.0, 4.0]), np.array([3, 0, 3]), np.array([0, 3])), shape=(1, 5))
    ordered = checked(odd, (1, 5))
    assert at_pairs(ordered, np.zeros(5, dtype=np.int64), np.arange(5)).tolist() == [2, 0, 0, 5, 0]
    assert odd.nnz == 3
    assert at_pairs(sparse.csr_array((1, 5)), np.zeros(2, dtype=np.int64), np.arange(2)).tolist() == [0, 0]
