import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from intentrec.retrieval.topk import dot_pairs, rank_within, top_k

SMALL = st.integers(-3, 3)


def brute_force(queries, items, k, allowed, excluded):
    rows = []
    for query in range(len(queries)):
        scores = items.astype(float) @ queries[query].astype(float)
        kept = [item for item in range(len(items)) if allowed[item] and not excluded[query, item]]
        best = sorted(kept, key=lambda item: (-scores[item], item))[:k]
        rows += [(query, rank, item, scores[item]) for rank, item in enumerate(best, start=1)]
    return rows


def as_rows(hits):
    return list(zip(hits.query, hits.rank, hits.item, hits.score, strict=True))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_top_k_equals_brute_force_with_ties_filters_and_any_block(data):
    n_queries, n_items, width = (data.draw(st.integers(low, 7)) for low in (0, 1, 1))
    queries = data.draw(hnp.arrays(np.float32, (n_queries, width), elements=SMALL))
    items = data.draw(hnp.arrays(np.float32, (n_items, width), elements=SMALL))
    allowed = data.draw(hnp.arrays(np.bool_, n_items))
    excluded = data.draw(hnp.arrays(np.bool_, (n_queries, n_items)))
    k = data.draw(st.integers(1, 9))
    block = data.draw(st.integers(1, 40))
    hits = top_k(queries, items, k, allowed=allowed, excluded=sparse.csr_array(excluded), block_scores=block)
    assert as_rows(hits) == brute_force(queries, items, k, allowed, excluded)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5000))
def test_block_size_does_not_change_a_bit(seed, block):
    rng = np.random.default_rng(seed)
    queries, items = (rng.standard_normal((rows, 33)).astype(np.float32) for rows in (23, 61))
    items[30:] = items[:31]  # many exact ties
    one, other = (top_k(queries, items, 10, block_scores=size) for size in (10**6, block))
    assert as_rows(one) == as_rows(other)


def test_scores_are_double_precision_dot_products():
    rng = np.random.default_rng(0)
    queries, items = (rng.standard_normal((rows, 64)).astype(np.float32) for rows in (5, 400))
    hits = top_k(queries, items, 3)
    exact = queries.astype(float) @ items.astype(float).T
    np.testing.assert_allclose(hits.score, exact[hits.query, hits.item], rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(hits.item.reshape(5, 3), np.argsort(-exact, axis=1)[:, :3])


def test_several_queries_may_share_a_row_of_the_filter():
    items = np.eye(3, dtype=np.float32)
    excluded = sparse.csr_array(np.array([[0, 0, 1], [1, 0, 0]]))
    hits = top_k(np.ones((3, 3), np.float32), items, 3, excluded=excluded, excluded_rows=np.array([1, 1, 0]))
    assert hits.item.tolist() == [1, 2, 1, 2, 0, 1]


@pytest.mark.parametrize("k", [0, 1])
def test_nothing_allowed_or_nothing_wanted_gives_no_rows(k):
    vectors = np.ones((2, 2), np.float32)
    hits = top_k(vectors, vectors, k, allowed=np.array([k == 0, k == 0]))
    assert len(hits.query) == len(hits.score) == 0


def test_dot_pairs_is_cut_into_parts_without_a_seam(monkeypatch):
    monkeypatch.setattr("intentrec.retrieval.topk._PAIRS_AT_ONCE", 2)
    left = np.array([[1, 2], [3, 4]], np.float32)
    assert dot_pairs(left, left, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 1])).tolist() == [5, 11, 11, 25, 25]


def test_rank_within_counts_from_one_in_every_run():
    assert rank_within(np.array([0, 0, 3, 7, 7, 7])).tolist() == [1, 2, 1, 1, 2, 3]
    assert rank_within(np.array([], dtype=np.int64)).tolist() == []
