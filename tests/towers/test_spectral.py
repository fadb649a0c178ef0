import numpy as np
import pytest

from intentrec.data.log import Log
from intentrec.towers.spectral import spectral_vectors


def log_of(user, item, n_users, n_items):
    nothing = np.zeros(len(user))
    return Log(np.array(user), np.array(item), nothing.astype(int), nothing, nothing, n_users, n_items, 1)


def test_items_of_one_crowd_point_one_way():
    user = np.repeat(np.arange(10), 2)
    item = np.tile([0, 1], 5).tolist() + np.tile([2, 3], 5).tolist()
    vectors = spectral_vectors(log_of(user, item, 10, 5), 2)
    np.testing.assert_allclose(vectors[:4] @ vectors[:4].T, np.kron(np.eye(2), np.ones((2, 2))), atol=1e-6)
    assert not vectors[4].any()


@pytest.mark.parametrize("width", [3, 50])
def test_cosines_are_those_of_an_exact_decomposition(width):
    rng = np.random.default_rng(0)
    dense = rng.random((30, 12)) < 0.4
    vectors = spectral_vectors(log_of(*np.nonzero(dense), 30, 12), width)
    scaled = dense / np.sqrt(dense.sum(axis=0))
    _, strength, directions = np.linalg.svd(scaled, full_matrices=False)
    exact = (directions.T * strength)[:, :width]
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    assert vectors.shape == (12, width)
    np.testing.assert_allclose(vectors @ vectors.T, exact @ exact.T, atol=1e-4)
