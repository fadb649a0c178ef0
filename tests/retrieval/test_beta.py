import numpy as np
import pytest

from intentrec.errors import ConfigError
from intentrec.retrieval import BetaByActivity, fit_beta


def test_each_bucket_takes_what_is_best_for_its_users():
    events = np.array([1, 2, 10, 50])

    def recall(beta):  # light users are helped by tags, heavy ones are not
        return np.where(events < 5, 1 - beta, beta)

    fitted = fit_beta(recall, events, grid=[0.2, 1.0, 0.6], edges=[5])
    assert fitted == BetaByActivity((5,), (0.2, 1.0))
    assert fitted.of(np.array([4, 5, 6])).tolist() == [0.2, 1.0, 1.0]


def test_a_tie_goes_to_the_user_vector_and_an_empty_bucket_to_what_is_best_for_all():
    events = np.array([1, 2])
    assert fit_beta(lambda beta: np.ones(2), events, [0.1, 0.9], [5]).values == (0.9, 0.9)
    assert fit_beta(lambda beta: np.full(2, 1 - beta), events, [0.1, 0.9], [1, 5]).values == (0.1, 0.1, 0.1)
    assert fit_beta(lambda beta: np.ones(0), np.array([], dtype=int), [0.1, 0.9], []).values == (0.9,)


def test_a_fixed_weight_is_the_same_for_everybody():
    assert BetaByActivity.fixed(0.7).of(np.array([0, 1000])).tolist() == [0.7, 0.7]


@pytest.mark.parametrize(("edges", "values"), [((5, 5), (1, 1, 1)), ((5,), (1,))])
def test_buckets_that_do_not_fit_are_refused(edges, values):
    with pytest.raises(ConfigError):
        BetaByActivity(edges, values)


def test_an_empty_grid_is_refused():
    with pytest.raises(ConfigError, match="grid of beta is empty"):
        fit_beta(lambda beta: np.ones(1), np.array([1]), [], [])


def test_the_tags_may_cost_what_is_tolerated():
    recalls = {1.0: [0.500, 0.100], 0.9: [0.497, 0.100], 0.5: [0.490, 0.0995]}
    fitted = fit_beta(lambda beta: np.array(recalls[beta]), np.array([1, 9]), list(recalls), [5], tolerance=0.01)
    assert fitted.values == (0.9, 0.5)
