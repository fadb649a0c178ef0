import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.text.clusters import group, nearest, spherical_kmeans, unit


def blobs(n_each, width=16, seed=0, noise=0.15):
    rng = np.random.default_rng(seed)
    centres = np.eye(width)[: len(n_each)]
    rows = np.repeat(centres, n_each, axis=0)
    return unit(rows + noise * rng.standard_normal(rows.shape) / np.sqrt(width))


def test_planted_clusters_are_found_the_largest_first():
    labels = spherical_kmeans(blobs([5, 20, 10]), 3)
    assert labels.tolist() == [2] * 5 + [0] * 20 + [1] * 10


def test_the_same_vectors_have_the_same_labels_whatever_was_drawn_before():
    vectors = blobs([30, 30, 30], noise=0.9)
    np.testing.assert_array_equal(spherical_kmeans(vectors, 6, seed=3), spherical_kmeans(vectors, 6, seed=3))


def test_small_clusters_go_to_their_neighbours():
    labels = spherical_kmeans(blobs([20, 20, 2]), 3, min_size=5)
    assert len(np.bincount(labels)) == 2
    assert (labels[:20] == labels[0]).all()
    assert (labels[20:40] == labels[20]).all()


def test_never_more_clusters_than_different_vectors():
    assert set(spherical_kmeans(np.tile(unit(np.ones((1, 4))), (6, 1)), 4).tolist()) == {0}


def test_nothing_has_no_clusters():
    empty = np.empty((0, 4), dtype=np.float32)
    assert spherical_kmeans(empty, 3).shape == nearest(empty, empty).shape == (0,)


def test_rows_of_zeros_stay_zero():
    assert unit(np.zeros((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_groups_are_the_heaviest_first():
    vectors = blobs([2, 5, 3], noise=0.05)
    assert group(vectors, np.ones(10), 3, 0.8).tolist() == [2] * 2 + [0] * 5 + [1] * 3
    assert group(vectors, np.array([9.0] * 2 + [1] * 8), 3, 0.8).tolist() == [0] * 2 + [1] * 5 + [2] * 3


def test_what_no_group_takes_is_in_none():
    assert group(blobs([3, 2, 1], noise=0.05), np.ones(6), 2, 0.8).tolist() == [0, 0, 0, 1, 1, -1]


def test_no_vectors_make_no_groups():
    assert group(np.empty((0, 4), dtype=np.float32), np.empty(0), 3, 0.5).shape == (0,)


@given(st.integers(1, 25), st.integers(1, 6), st.floats(0.0, 0.95), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_members_of_a_group_are_near_its_founder_and_groups_have_falling_weight(n, max_groups, similarity, seed):
    rng = np.random.default_rng(seed)
    vectors, weights = unit(rng.standard_normal((n, 8))), rng.random(n)
    labels = group(vectors, weights, max_groups, similarity)
    mass = [weights[labels == label].sum() for label in range(labels.max() + 1)]
    assert labels.max() < max_groups
    assert all(one >= other - 1e-5 for one, other in itertools.pairwise(mass))
    cosines = vectors @ vectors.T
    for label in range(labels.max() + 1):
        members = np.flatnonzero(labels == label)
        assert (cosines[np.ix_(members, members)].min(axis=1)).max() >= similarity - 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_distinct_items_does_not_matter(seed):
    vectors = blobs([4, 3, 2], noise=0.2)
    weights = np.arange(1.0, 10.0)
    order = np.random.default_rng(seed).permutation(9)
    np.testing.assert_array_equal(group(vectors[order], weights[order], 3, 0.7), group(vectors, weights, 3, 0.7)[order])
