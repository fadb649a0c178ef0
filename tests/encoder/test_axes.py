import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.encoder.axes import principal_axes
from intentrec.encoder.encoding import prefix


def drawn(n, width, seed):
    return np.random.default_rng(seed).normal(size=(n, width))


@given(n=st.integers(1, 30), width=st.integers(1, 8), seed=st.integers(0, 1000))
def test_whole_vectors_keep_their_products(n, width, seed):
    vectors = drawn(n, width, seed)
    axes = principal_axes(vectors)
    np.testing.assert_allclose(axes @ axes.T, np.eye(width), atol=1e-5)
    turned = vectors @ axes
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=1e-3)


def test_the_longest_axis_comes_first():
    vectors = np.array([[0.0, 3.0], [0.0, -3.0], [1.0, 0.0]])
    np.testing.assert_allclose(principal_axes(vectors), [[0.0, 1.0], [1.0, 0.0]], atol=1e-6)


def test_it_does_not_matter_which_way_vectors_point():
    vectors = drawn(20, 5, 0)
    np.testing.assert_allclose(principal_axes(vectors), principal_axes(-vectors[::-1]), atol=1e-5)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_cut_along_them_keeps_more_than_any_other_cut(width):
    vectors = drawn(200, 6, 1) @ drawn(6, 6, 2)
    turned = vectors @ principal_axes(vectors)
    kept = np.square(turned[:, :width]).sum()
    assert kept >= np.square(vectors[:, :width]).sum()
    assert prefix(turned, width).shape == (200, width)
