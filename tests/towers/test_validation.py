import numpy as np
import pytest

from intentrec.towers import Recall
from intentrec.towers.validation import _recall


def test_recall_is_the_share_of_targets_in_the_list():
    scores = np.array([[4, 3, 2, 1], [4, 3, 2, 1], [4, -np.inf, -np.inf, -np.inf], [1, 1, 1, 1]])
    wanted = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    assert _recall(scores, wanted, 2).tolist() == [0.5, 1.0, 0.0]  # who wants nothing is not counted
    assert _recall(scores, wanted, 99).tolist() == [1.0, 1.0, 0.0]


def test_both_views_count_alike_unless_nothing_is_new():
    assert Recall(0.4, 0.2).score == pytest.approx(0.3)
    assert Recall(0.4, float("nan")).score == 0.4
