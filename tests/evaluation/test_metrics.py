import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from intentrec.evaluation import metrics

HITS = np.array([[True, False, True], [False, False, False], [False, True, False]])
TARGETS = np.array([4, 2, 1])
LISTS = np.array([[0, 1, 2], [0, 2, -1], [-1, -1, -1]])


def test_recall_divides_by_all_targets():
    assert metrics.recall_at(HITS, TARGETS, 1).tolist() == [0.25, 0.0, 0.0]
    assert metrics.recall_at(HITS, TARGETS, 2).tolist() == [0.25, 0.0, 1.0]
    assert metrics.recall_at(HITS, TARGETS, 3).tolist() == [0.5, 0.0, 1.0]


def test_recall_beyond_the_list_is_recall_of_the_list():
    assert metrics.recall_at(HITS, TARGETS, 50).tolist() == metrics.recall_at(HITS, TARGETS, 3).tolist()


def test_ndcg_by_hand():
    first = (1 + 1 / 2) / (1 + 1 / np.log2(3) + 1 / 2)  # 4 targets: the ideal list of 3 is full
    third = (1 / np.log2(3)) / 1
    assert metrics.ndcg_at(HITS, TARGETS, 3) == pytest.approx([first, 0.0, third])


def test_ndcg_of_a_list_shorter_than_k_keeps_the_ideal_of_k():
    ideal = sum(1 / np.log2(place + 1) for place in range(1, 5))
    assert metrics.ndcg_at(HITS[:1], TARGETS[:1], 10) == pytest.approx([1.5 / ideal])


def test_a_perfect_list_has_ndcg_one():
    hits = np.array([[True, True, False, False]])
    assert metrics.ndcg_at(hits, np.array([2]), 4) == pytest.approx([1.0])


def test_without_targets_there_is_no_value():
    none = np.array([0])
    assert np.isnan(metrics.recall_at(HITS[:1], none, 3)).all()
    assert np.isnan(metrics.ndcg_at(HITS[:1], none, 3)).all()


def test_coverage_counts_each_item_once_and_ended_lists_not_at_all():
    assert metrics.coverage_at(LISTS, 4, 1) == 0.25
    assert metrics.coverage_at(LISTS, 4, 3) == 0.75
    assert metrics.coverage_at(LISTS, 0, 3) == 0.0


def test_categories_by_hand():
    categories = np.array([7, 7, 3])
    assert metrics.categories_at(LISTS, categories, 3).tolist() == [2.0, 2.0, 0.0]
    assert metrics.categories_at(LISTS, categories, 2).tolist() == [1.0, 2.0, 0.0]


def test_an_item_without_category_counts_for_nothing():
    assert metrics.categories_at(LISTS, np.array([7, -1, -1]), 3).tolist() == [1.0, 1.0, 0.0]


def test_diversity_is_relative_to_what_could_be_shown():
    assert metrics.category_diversity_at(LISTS, np.array([0, 1, 2]), 2).tolist() == [1.0, 1.0, 0.0]
    assert metrics.category_diversity_at(LISTS, np.array([0, 0, 1]), 3).tolist() == [1.0, 1.0, 0.0]
    assert np.isnan(metrics.category_diversity_at(LISTS, np.array([-1, -1, -1]), 2)).all()


def test_empty_lists_have_no_categories():
    assert metrics.categories_at(np.empty((2, 0), dtype=np.int64), np.array([0]), 3).tolist() == [0.0, 0.0]


@settings(deadline=None)
@given(
    hits=hnp.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 12))),
    extra=st.integers(0, 5),
    k=st.integers(1, 15),
)
def test_accuracy_stays_between_0_and_1_and_recall_grows_with_k(hits, extra, k):
    n_targets = np.maximum(1, hits.sum(axis=1) + extra)
    for metric in (metrics.recall_at, metrics.ndcg_at):
        values = metric(hits, n_targets, k)
        assert (values >= 0).all()
        assert (values <= 1 + 1e-12).all()
    assert (metrics.recall_at(hits, n_targets, k + 1) >= metrics.recall_at(hits, n_targets, k)).all()


@settings(deadline=None)
@given(
    lists=hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.integers(-1, 9)),
    categories=hnp.arrays(np.int64, 10, elements=st.integers(-1, 3)),
    k=st.integers(1, 10),
)
def test_categories_equal_a_set_of_each_list(lists, categories, k):
    expected = [len({categories[item] for item in row[:k] if item >= 0} - {-1}) for row in lists]
    assert metrics.categories_at(lists, categories, k).tolist() == expected
    diversity = metrics.category_diversity_at(lists, categories, k)
    assert np.isnan(diversity).all() or ((diversity >= 0) & (diversity <= 1)).all()


@settings(deadline=None)
@given(
    hits=hnp.arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(2, 8))),
    place=st.integers(0, 6),
)
def test_moving_a_hit_up_never_lowers_ndcg(hits, place):
    place = min(place, hits.shape[1] - 2)
    better = hits.copy()
    worse = hits.copy()
    better[:, place], better[:, place + 1] = True, False
    worse[:, place], worse[:, place + 1] = False, True
    n_targets = np.full(len(hits), hits.shape[1])
    assert (metrics.ndcg_at(better, n_targets, 8) >= metrics.ndcg_at(worse, n_targets, 8)).all()
