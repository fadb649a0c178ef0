import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from intentrec.encoder.encoding import prefix
from intentrec.encoder.narrowing import Narrowing, divergence, principal_axes


def drawn(n, width, seed):
    return np.random.default_rng(seed).normal(size=(n, width))


def units(n, width, seed):
    return prefix(drawn(n, width, seed), width)


@given(n=st.integers(1, 30), width=st.integers(1, 8), seed=st.integers(0, 1000))
def test_principal_axes_keep_all_products(n, width, seed):
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


def test_the_divergence_of_a_hand_computed_case():
    """One user on the first axis, items at cosines 1 and .6 (standard deviation .2), both 1 when narrowed to it."""
    user, items = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    assert divergence(user, items, torch.tensor([[1.0], [0.0]])).item() == pytest.approx(np.log(2))
    odds = 0.4 / (0.4 * 0.2)  # the difference of the cosines over the temperature
    first = 1 / (1 + np.exp(-odds))
    entropy = -first * np.log(first) - (1 - first) * np.log(1 - first)
    assert divergence(user, items, torch.eye(2)).item() == pytest.approx(entropy, abs=1e-5)


def test_the_gradient_is_that_of_the_formula():
    users, items = (torch.tensor(units(n, 4, n), dtype=torch.float64) for n in (3, 5))
    narrow = torch.tensor(drawn(4, 2, 9), requires_grad=True)
    assert torch.autograd.gradcheck(lambda found: divergence(users, items, found), narrow)


def first_ten(users, items):
    return np.argsort(-(users @ items.T), axis=1, kind="stable")[:, :10]


def kept(narrow, users, items):
    """Share of the first ten of whole vectors that are among the first ten of narrowed ones."""
    width = narrow.shape[1]
    before, after = first_ten(users, items), first_ten(prefix(users @ narrow, width), prefix(items @ narrow, width))
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(before.tolist(), after.tolist(), strict=True)]))


def test_learned_maps_keep_more_of_the_head_than_principal_axes_also_for_other_users():
    """Users differ most where all items are alike: principal axes spend room on what ranks nothing."""
    items = prefix(np.c_[np.tile(units(1, 6, 2), (300, 1)), units(300, 8, 3)], 14)
    users = prefix(np.c_[units(600, 6, 4), units(600, 8, 5)], 14)
    narrow = Narrowing(users[:300], items, steps=300).maps([8])[8]
    axes = principal_axes(np.concatenate([users[:300], items]))[:, :8]
    assert narrow.shape == (14, 8)
    assert kept(narrow, users[300:], items) > kept(axes, users[300:], items) + 0.05
    others, shown = torch.tensor(users[300:]), torch.tensor(items)
    assert divergence(others, shown, torch.tensor(narrow)) < divergence(others, shown, torch.tensor(axes))


def test_a_single_item_teaches_nothing_and_breaks_nothing():
    found = Narrowing(units(5, 4, 1), units(1, 4, 2), steps=3).maps([2])[2]
    assert np.isfinite(found).all()


def test_the_same_seed_learns_the_same_maps_and_each_width_its_own():
    narrowing = Narrowing(units(40, 8, 1), units(30, 8, 2), steps=5)
    one, other = narrowing.maps([4, 2]), narrowing.maps([2])
    assert sorted(one) == [2, 4]
    np.testing.assert_array_equal(one[2], other[2])
    assert not np.allclose(one[4][:, :2], one[2])


@pytest.mark.parametrize("width", [1, 2, 4])
def test_without_steps_the_maps_are_the_axes(width):
    users, items = units(20, 6, 1), units(30, 6, 2)
    found = Narrowing(users, items, steps=0).maps([width])[width]
    np.testing.assert_array_equal(found, principal_axes(np.concatenate([users, items]))[:, :width])
