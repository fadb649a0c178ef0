import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from intentrec.retrieval.quotas import fill_quotas


def merged(lists, share, k):
    rows = [(0, query, rank, item) for query, items in enumerate(lists) for rank, item in enumerate(items, start=1)]
    user, query, rank, item = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    kept = fill_quotas(user, query, rank, item, share=np.array(share), k=k)
    return [(int(query[at]), int(item[at])) for at in kept]


def test_half_for_the_user_and_a_quarter_for_each_interest():
    lists = [[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]]
    got = merged(lists, [0.5, 0.25, 0.25], 8)
    assert got == [(0, 0), (0, 1), (1, 10), (2, 20), (0, 2), (0, 3), (1, 11), (2, 21)]


def test_an_item_that_two_queries_offer_is_taken_once_by_the_earlier_turn():
    assert merged([[5, 6], [6, 5]], [0.5, 0.5], 4) == [(0, 5), (1, 6)]


def test_each_user_has_its_own_list():
    user, query = np.array([1, 0, 1]), np.array([1, 0, 1])
    kept = fill_quotas(user, query, np.array([2, 1, 1]), np.array([4, 4, 9]), share=np.ones(2), k=1)
    assert kept.tolist() == [1, 2]


@given(st.data())
def test_the_list_is_full_has_no_repeats_and_keeps_the_quotas(data):
    size = 12
    n_queries = data.draw(st.integers(1, 4))
    lists = [data.draw(st.permutations(range(100 * query, 100 * query + size))) for query in range(n_queries)]
    weights = np.array(data.draw(st.lists(st.integers(1, 5), min_size=n_queries, max_size=n_queries)), dtype=float)
    k = data.draw(st.integers(1, size))
    got = merged(lists, weights / weights.sum(), k)
    assert len(set(got)) == len(got) == k
    filled = np.bincount([query for query, _ in got], minlength=n_queries)
    assert (np.abs(filled - k * weights / weights.sum()) <= n_queries).all()
