import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from intentrec.evaluation.baselines.ranking import best, nearest, rounded

SCORES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 9)),
    elements=st.sampled_from([-np.inf, -2.5, -1.0, -0.0, 0.0, 1e-30, 0.5, 1.0, 1.0 + 1e-7, 3e30]),
)


@settings(deadline=None)
@given(SCORES, st.integers(0, 12))
def test_best_equals_sorting_by_score_then_column(scores, k):
    columns, taken = best(scores, k)
    values = rounded(scores)
    for row in range(len(scores)):
        order = sorted(range(scores.shape[1]), key=lambda column: (-values[row, column], column))[:k]
        expected = [column if values[row, column] > -np.inf else -1 for column in order]
        assert columns[row].tolist() == expected
        assert taken[row].tolist() == values[row, order].tolist()


@settings(deadline=None)
@given(hnp.arrays(np.float32, (1, 20), elements=st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)))
def test_rounding_keeps_six_digits_and_the_order(scores):
    found = rounded(scores)
    assert (np.abs(found - scores) <= 1e-6 * np.abs(scores)).all()
    order = np.argsort(scores[0], kind="stable")
    assert (np.diff(found[0][order]) >= 0).all()


def test_scores_that_differ_in_their_last_bits_are_a_tie():
    assert best(np.array([[1.0, np.nextafter(np.float32(1), np.float32(2))]], dtype=np.float32), 2)[0].tolist() == [
        [0, 1]
    ]


@settings(deadline=None)
@given(SCORES, st.integers(0, 12))
def test_nearest_keeps_what_best_would_of_the_positive_scores(scores, k):
    positive = np.where(np.isfinite(scores) & (scores > 0), scores, 0).astype(np.float32)
    kept = nearest(sparse.csr_array(positive), k).toarray()
    columns, taken = best(np.where(positive > 0, positive, -np.inf).astype(np.float32), k)
    expected = np.zeros_like(positive)
    row, place = np.nonzero(columns >= 0)
    expected[row, columns[row, place]] = taken[row, place]
    assert kept.tolist() == expected.tolist()
