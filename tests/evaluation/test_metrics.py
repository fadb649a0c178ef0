import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from intentrec.evaluation import metrics
from intentrec.evaluation.lists import Hits


def found(dense) -> Hits:
    """Hits from a matrix of truth values, one row a user; every hit is a target of its own."""
    rows, places = np.nonzero(np.asarray(dense, dtype=bool))
    return Hits(rows, places, np.arange(len(rows)), len(dense))


HITS = found([[True, False, True], [False, False, False], [False, True, False]])
TARGETS = np.array([4, 2, 1])
LISTS = np.array([[0, 1, 2], [0, 2, -1], [-1, -1, -1]])

# accuracy -----------------------------------------------------------------------------------------------------------


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
    hits = found([[True, False, True]])
    assert metrics.ndcg_at(hits, np.array([4]), 10) == pytest.approx([1.5 / ideal])


def test_a_perfect_list_has_ndcg_one():
    assert metrics.ndcg_at(found([[True, True, False, False]]), np.array([2]), 4) == pytest.approx([1.0])


def test_mrr_looks_at_the_first_hit_within_k():
    hits = found([[False, True, True, False], [False, False, False, True], [False] * 4])
    assert metrics.mrr_at(hits, np.array([2, 1, 1]), 3).tolist() == [0.5, 0.0, 0.0]
    assert metrics.mrr_at(hits, np.array([2, 1, 1]), 4).tolist() == [0.5, 0.25, 0.0]


def test_without_targets_there_is_no_value():
    none = np.array([0, 0, 0])
    for metric in (metrics.recall_at, metrics.ndcg_at, metrics.mrr_at):
        assert np.isnan(metric(HITS, none, 3)).all()


def test_weighted_gain_by_hand():
    hits = found([[False, True, True]])
    assert metrics.weighted_dcg_at(hits, np.array([3.0, 5.0]), 2) == pytest.approx([3 / np.log2(3)])
    assert metrics.weighted_dcg_at(hits, np.array([3.0, 5.0]), 3) == pytest.approx([3 / np.log2(3) + 5 / 2])


def test_the_ideal_of_weighted_gain_puts_heavy_targets_first():
    rows, weights = np.array([1, 0, 1, 1]), np.array([1.0, 7.0, 2.0, 4.0])
    assert metrics.ideal_weighted_dcg_at(rows, weights, 3, 2) == pytest.approx([7.0, 4.0 + 2.0 / np.log2(3), 0.0])


@settings(deadline=None)
@given(
    hits=hnp.arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 8))),
    k=st.integers(1, 10),
    seed=st.integers(0, 99),
)
def test_no_list_gains_more_than_the_ideal(hits, k, seed):
    hit = found(hits)
    weights = np.random.default_rng(seed).uniform(0.1, 9.0, size=len(hit.rows))
    gains = metrics.weighted_dcg_at(hit, weights, k)
    assert (gains <= metrics.ideal_weighted_dcg_at(hit.rows, weights, len(hits), k) + 1e-9).all()


def test_equal_weights_give_plain_ndcg():
    ones = np.ones(3)
    ideal = metrics.ideal_weighted_dcg_at(np.repeat([0, 1, 2], TARGETS), np.ones(7), 3, 3)
    assert metrics.weighted_dcg_at(HITS, ones, 3) / ideal == pytest.approx(metrics.ndcg_at(HITS, TARGETS, 3))


def test_clicked_categories_are_distinct_and_within_k():
    hits = found([[True, True, True, True], [False, False, True, False], [False] * 4])
    categories = np.array([4, 4, 2, 9, -1])
    assert metrics.clicked_categories_at(hits, categories, 4).tolist() == [3.0, 0.0, 0.0]
    assert metrics.clicked_categories_at(hits, categories, 2).tolist() == [1.0, 0.0, 0.0]


@settings(deadline=None)
@given(
    hits=hnp.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 12))),
    extra=st.integers(0, 5),
    k=st.integers(1, 15),
)
def test_accuracy_stays_between_0_and_1_and_grows_with_k(hits, extra, k):
    n_targets = np.maximum(1, hits.sum(axis=1) + extra)
    for metric in (metrics.recall_at, metrics.ndcg_at, metrics.mrr_at):
        values = metric(found(hits), n_targets, k)
        assert (values >= 0).all()
        assert (values <= 1 + 1e-12).all()
    for metric in (metrics.recall_at, metrics.mrr_at):
        assert (metric(found(hits), n_targets, k + 1) >= metric(found(hits), n_targets, k)).all()


@settings(deadline=None)
@given(hits=hnp.arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(2, 8))), place=st.integers(0, 6))
def test_moving_a_hit_up_never_lowers_ndcg_nor_mrr(hits, place):
    place = min(place, hits.shape[1] - 2)
    better = hits.copy()
    worse = hits.copy()
    better[:, place], better[:, place + 1] = True, False
    worse[:, place], worse[:, place + 1] = False, True
    n_targets = np.full(len(hits), hits.shape[1])
    for metric in (metrics.ndcg_at, metrics.mrr_at):
        assert (metric(found(better), n_targets, 8) >= metric(found(worse), n_targets, 8)).all()


@pytest.mark.parametrize("seed", range(3))
def test_accuracy_agrees_with_trec_eval_on_random_runs(seed):
    """ir-measures wraps NIST's own trec_eval."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    rng = np.random.default_rng(seed)
    n_users, n_items, width = 40, 60, 30
    lists = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :width]
    wanted = [rng.choice(n_items, size=rng.integers(1, 12), replace=False) for _ in range(n_users)]
    hits = found([np.isin(row, targets) for row, targets in zip(lists, wanted, strict=True)])
    n_targets = np.array([len(targets) for targets in wanted])
    judged = {f"u{u:02}": {f"i{i}": 1 for i in targets} for u, targets in enumerate(wanted)}
    run = {f"u{u:02}": {f"i{i}": float(-p) for p, i in enumerate(row)} for u, row in enumerate(lists)}
    for k in (1, 5, 10, 30):
        for measure, metric in ((R @ k, metrics.recall_at), (nDCG @ k, metrics.ndcg_at), (RR @ k, metrics.mrr_at)):
            by_user = {row.query_id: row.value for row in ir_measures.iter_calc([measure], judged, run)}
            expected = [by_user.get(f"u{u:02}", 0.0) for u in range(n_users)]
            assert metric(hits, n_targets, k) == pytest.approx(expected, abs=1e-6), (measure, k)


# what lists look like -----------------------------------------------------------------------------------------------


def test_coverage_counts_each_item_once_and_ended_lists_not_at_all():
    assert metrics.shown_at(LISTS, 4, 1).tolist() == [2, 0, 0, 0]
    assert metrics.shown_at(LISTS, 4, 3).tolist() == [2, 1, 2, 0]
    assert metrics.coverage(metrics.shown_at(LISTS, 4, 1)) == 0.25
    assert metrics.coverage(metrics.shown_at(LISTS, 4, 3)) == 0.75
    assert metrics.coverage(np.array([], dtype=np.int64)) == 0.0


def test_gini_by_hand():
    assert metrics.gini(np.array([5, 5, 5])) == pytest.approx(0.0)
    assert metrics.gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)  # one of four has all: (n - 1) / n
    assert metrics.gini(np.array([1, 3])) == pytest.approx(0.25)
    assert metrics.gini(np.array([0, 0])) == 0.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_gini_is_half_the_mean_difference_over_the_mean(shown):
    values = np.array(shown)
    differences = np.abs(values[:, None] - values[None, :]).mean()
    expected = differences / (2 * values.mean()) if values.sum() else 0.0
    assert metrics.gini(values) == pytest.approx(expected, abs=1e-9)


def test_categories_by_hand():
    categories = np.array([7, 7, 3])
    assert metrics.categories_at(LISTS, categories, [3, 2]).tolist() == [[2.0, 1.0], [2.0, 2.0], [0.0, 0.0]]


def test_an_item_without_category_counts_for_nothing():
    assert metrics.categories_at(LISTS, np.array([7, -1, -1]), [3]).tolist() == [[1.0], [1.0], [0.0]]


def test_category_diversity_is_relative_to_what_could_be_shown():
    assert metrics.category_diversity_at(LISTS, np.array([0, 1, 2]), [2]).tolist() == [[1.0], [1.0], [0.0]]
    assert metrics.category_diversity_at(LISTS, np.array([0, 0, 1]), [3]).tolist() == [[1.0], [1.0], [0.0]]
    assert np.isnan(metrics.category_diversity_at(LISTS, np.array([-1, -1, -1]), [2])).all()


def test_empty_lists_have_no_categories():
    assert metrics.categories_at(np.empty((2, 0), dtype=np.int64), np.array([0]), [3]).tolist() == [[0.0], [0.0]]


def test_novelty_by_hand():
    surprise = np.array([1.0, 2.0, 6.0])
    assert metrics.novelty_at(LISTS, surprise, [1, 3]).tolist() == [[1.0, 3.0], [1.0, 3.5], [0.0, 0.0]]


def test_diversity_by_hand():
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    # First list: cosines 0, 1, 0 of three pairs; second: the pair of 0 and 2 points the same way.
    assert metrics.diversity_at(LISTS, vectors, [1, 2, 3]) == pytest.approx(np.array([[0, 1, 2 / 3], [0] * 3, [0] * 3]))


def test_items_without_a_vector_are_passed_over():
    vectors = np.array([[1, 0], [0, 0], [0, 1]], dtype=np.float32)
    assert metrics.diversity_at(LISTS, vectors, [2, 3])[0] == pytest.approx([0.0, 1.0])


lists_of_ten = hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.integers(-1, 9))
lengths = st.lists(st.integers(1, 10), min_size=1, max_size=3)


@settings(deadline=None)
@given(lists=lists_of_ten, categories=hnp.arrays(np.int64, 10, elements=st.integers(-1, 3)), ks=lengths)
def test_categories_equal_a_set_of_each_list(lists, categories, ks):
    expected = [[len({categories[i] for i in row[:k] if i >= 0} - {-1}) for k in ks] for row in lists]
    assert metrics.categories_at(lists, categories, ks).tolist() == expected
    diversity = metrics.category_diversity_at(lists, categories, ks)
    assert np.isnan(diversity).all() or ((diversity >= 0) & (diversity <= 1)).all()


@settings(deadline=None)
@given(lists=lists_of_ten, ks=lengths, seed=st.integers(0, 99))
def test_novelty_and_diversity_equal_loops(lists, ks, seed):
    rng = np.random.default_rng(seed)
    surprise, vectors = rng.uniform(0, 9, size=10), rng.normal(size=(10, 3))
    vectors[3] = 0.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    for u, row in enumerate(lists):
        for c, k in enumerate(ks):
            shown = [i for i in row[:k] if i >= 0]
            novelty = np.mean(surprise[shown]) if shown else 0.0
            assert metrics.novelty_at(lists, surprise, ks)[u, c] == pytest.approx(novelty)
            placed = [i for i in shown if i != 3]
            cosines = [vectors[a] @ vectors[b] for x, a in enumerate(placed) for b in placed[x + 1 :]]
            expected = 1 - np.mean(cosines) if cosines else 0.0
            assert metrics.diversity_at(lists, vectors.astype(np.float32), ks)[u, c] == pytest.approx(
                expected, abs=1e-5
            )


def test_blocks_are_the_whole(monkeypatch):
    rng = np.random.default_rng(1)
    lists, vectors = rng.integers(-1, 10, size=(13, 6)), rng.normal(size=(10, 4)).astype(np.float32)
    categories, surprise = rng.integers(-1, 4, size=10), rng.random(10)

    def all_of_them():
        looks = metrics.categories_at(lists, categories, [2, 6]), metrics.novelty_at(lists, surprise, [2, 6])
        return np.hstack([*looks, metrics.diversity_at(lists, vectors, [2, 6])])

    whole = all_of_them()
    monkeypatch.setattr(metrics, "_NUMBERS_AT_ONCE", 30)
    assert all_of_them() == pytest.approx(whole)
