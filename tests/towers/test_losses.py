import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from intentrec.towers import clashes, sampled_softmax, tar_loss

ROWS = torch.tensor([0, 1, 1, 2])
POSITIVE_IDS = torch.tensor([3, 0, 4, 4])
NEGATIVE_IDS = torch.tensor([0, 1, 2, 3, 4])


def world(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(size, 3, generator=generator, dtype=dtype) for size in (3, 5))


def loss_of(queries, items, **options):
    masked = clashes(ROWS, POSITIVE_IDS, NEGATIVE_IDS, 3)
    return sampled_softmax(queries, items[POSITIVE_IDS], items, rows=ROWS, masked=masked, **options)


def test_hand_computed():
    # scores: own 2, others 0 and ln 3 (masked: ln 100)
    queries, positives = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 5.0]])
    negatives = torch.tensor([[0.0, 9.0], [math.log(3), 9.0], [math.log(100), 9.0]])
    loss = sampled_softmax(queries, positives, negatives, masked=torch.tensor([[False, False, True]]))
    assert loss.item() == pytest.approx(-math.log(math.e**2 / (math.e**2 + 1 + 3)))


def test_log_q_is_taken_off_the_negatives_only():
    queries, one = torch.tensor([[1.0]]), torch.tensor([[0.0]])
    loss = sampled_softmax(queries, one, one, log_q=torch.tensor([math.log(0.25)]))
    assert loss.item() == pytest.approx(math.log(1 + 4))


def test_weights_make_a_weighted_mean():
    queries, items = world(0)
    parts = [sampled_softmax(queries[[row]], items[[row]], items[3:]) for row in range(2)]
    loss = sampled_softmax(queries[:2], items[:2], items[3:], weights=torch.tensor([1.0, 3.0], dtype=torch.float64))
    assert loss.item() == pytest.approx(((parts[0] + 3 * parts[1]) / 4).item())


def test_gradient_is_that_of_finite_differences():
    queries, items = (tensor.requires_grad_() for tensor in world(1))
    log_q, weights = torch.randn(5, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q, v: loss_of(q, v, log_q=log_q, weights=weights), (queries, items))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(3)), st.permutations(range(4)), st.permutations(range(5)))
def test_order_of_queries_positives_and_negatives_does_not_matter(seed, users, positives, negatives):
    queries, items = world(seed)
    users, positives, negatives = torch.tensor(users), torch.tensor(positives), torch.tensor(negatives)
    rows = torch.argsort(users)[ROWS][positives]
    ids = POSITIVE_IDS[positives]
    masked = clashes(rows, ids, NEGATIVE_IDS[negatives], 3)
    moved = sampled_softmax(queries[users], items[ids], items[negatives], rows=rows, masked=masked)
    assert moved.item() == pytest.approx(loss_of(queries, items).item())


def test_a_masked_duplicate_changes_nothing():
    queries, items = world(2)
    twice = torch.cat([NEGATIVE_IDS, NEGATIVE_IDS[3:4]])
    masked = clashes(ROWS, POSITIVE_IDS, twice, 3)
    masked[:, -1] = True
    more = sampled_softmax(queries, items[POSITIVE_IDS], items[twice], rows=ROWS, masked=masked)
    assert more.item() == pytest.approx(loss_of(queries, items).item())


def test_all_items_as_candidates_is_the_full_softmax():
    queries, items = world(3)
    ids = torch.tensor([4, 0, 2])
    masked = clashes(torch.arange(3), ids, NEGATIVE_IDS, 3)
    loss = sampled_softmax(queries, items[ids], items, masked=masked)
    assert loss.item() == pytest.approx(cross_entropy(queries @ items.T, ids).item())


def test_a_sample_with_its_correction_estimates_the_full_softmax():
    generator = torch.Generator().manual_seed(0)
    queries, items = torch.randn(1, 4, generator=generator), torch.randn(50, 4, generator=generator)
    chance = torch.softmax(torch.randn(50, generator=generator), 0)
    drawn = torch.multinomial(chance, 200_000, replacement=True, generator=generator)
    sampled = sampled_softmax(queries, items[:1], items[drawn], log_q=torch.log(len(drawn) * chance[drawn]))
    assert sampled.item() == pytest.approx(sampled_softmax(queries, items[:1], items).item(), rel=0.01)


def test_everything_masked_gives_no_loss_and_no_nan_gradient():
    queries, items = (tensor.requires_grad_() for tensor in world(4, torch.float32))
    loss = sampled_softmax(queries, items[:3], items, masked=torch.ones(3, 5, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(queries.grad).all()
    assert torch.isfinite(items.grad).all()


def test_no_positives_give_no_loss():
    queries, items = world(5)
    none = torch.zeros(0, dtype=torch.long)
    assert sampled_softmax(queries, items[:0], items, rows=none).item() == 0


def test_clashes_are_the_known_positives_of_each_query_wherever_they_stand():
    got = clashes(torch.tensor([0, 0, 1]), torch.tensor([7, 9, 8]), torch.tensor([9, 5, 8, 9]), 2)
    assert got.tolist() == [[True, False, False, True], [False, False, True, False]]
    assert clashes(torch.tensor([0]), torch.tensor([1]), torch.tensor([], dtype=torch.long), 1).shape == (1, 0)


def test_the_three_losses_add_up_as_in_the_paper():
    one, two, four = (torch.tensor(value) for value in (1.0, 2.0, 4.0))
    assert tar_loss(one, two, four, 0.5).item() == 4.0
    assert tar_loss(one, two, four, 1.0).item() == 3.0
