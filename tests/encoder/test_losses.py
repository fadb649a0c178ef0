import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from intentrec.encoder.losses import Against, bce, info_nce, matryoshka

LOSSES = pytest.mark.parametrize("loss", [info_nce, bce])
SEEDS = st.integers(0, 1000)


def problem(seed, pairs=5, candidates=9, width=4, dtype=torch.float64):
    """Unit rows, a random share of candidates barred, each user's own item among the candidates."""
    draw = torch.Generator().manual_seed(seed)
    users, items = (
        functional.normalize(torch.randn(n, width, generator=draw, dtype=dtype), dim=-1) for n in (pairs, candidates)
    )
    positive = torch.randperm(candidates, generator=draw)[:pairs]
    open_ = torch.rand(pairs, candidates, generator=draw) < 0.6
    open_[torch.arange(pairs), positive] = False
    return users, items, Against(open_, positive, torch.randn(candidates, generator=draw, dtype=dtype), pairs)


def unmasked(pairs, candidates, n_pairs=None):
    """Users' own items stand first and are all that is barred."""
    open_ = ~torch.eye(pairs, candidates, dtype=torch.bool)
    return Against(open_, torch.arange(pairs), torch.zeros(candidates, dtype=torch.float64), n_pairs or pairs)


def close(one, other):
    assert one.item() == pytest.approx(other.item(), rel=1e-9)


def test_info_nce_of_two_pairs_worked_out_by_hand():
    users = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    items = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    expected = (math.log(1 + math.exp((0.6 - 1) / 0.5)) + math.log(1 + math.exp((0 - 0.8) / 0.5))) / 2
    assert info_nce(users, items, unmasked(2, 2), 0.5).item() == pytest.approx(expected)


def test_bce_of_two_pairs_worked_out_by_hand():
    users = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    items = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]], dtype=torch.float64)
    against = unmasked(2, 3)
    against.open[1, 2] = False
    first = math.log1p(math.exp(-2)) + (math.log1p(math.exp(1.2)) + math.log1p(math.exp(-2))) / 2
    second = math.log1p(math.exp(-1.6)) + math.log(2)
    assert bce(users, items, against, 0.5).item() == pytest.approx((first + second) / 2)


def test_a_frequent_candidate_weighs_less_by_its_log_chance():
    users = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    items = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    against = replace(unmasked(1, 2), log_q=torch.log(torch.tensor([0.1, 0.9], dtype=torch.float64)))
    expected = math.log(1 + math.exp(0.6 - 1) * 0.1 / 0.9)
    assert info_nce(users, items, against, 1.0).item() == pytest.approx(expected)


@LOSSES
@given(seed=SEEDS)
def test_gradient_is_that_of_finite_differences(loss, seed):
    users, items, against = problem(seed, pairs=3, candidates=5, width=3)
    leaves = [tensor.requires_grad_() for tensor in (users, items)]
    assert torch.autograd.gradcheck(lambda *rows: loss(*rows, against, 0.5), leaves)


def test_matryoshka_has_the_gradient_of_finite_differences():
    users, items, against = problem(1)
    leaves = [tensor.requires_grad_() for tensor in (users, items)]
    inner = partial(info_nce, against=against, temperature=0.5)
    assert torch.autograd.gradcheck(lambda *rows: matryoshka(inner, *rows, (4, 2, 1)), leaves)


@LOSSES
@given(seed=SEEDS)
def test_a_masked_duplicate_changes_nothing(loss, seed):
    users, items, against = problem(seed)
    more = replace(
        against,
        open=torch.cat([against.open, torch.zeros(5, 2, dtype=torch.bool)], dim=1),
        log_q=torch.cat([against.log_q, against.log_q[:2]]),
    )
    close(loss(users, torch.cat([items, items[:2]]), more, 0.2), loss(users, items, against, 0.2))


@LOSSES
@given(seed=SEEDS, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_the_order_of_pairs_and_of_candidates_does_not_matter(loss, seed, dtype):
    users, items, against = problem(seed, dtype=dtype)
    draw = torch.Generator().manual_seed(seed)
    rows, columns = torch.randperm(5, generator=draw), torch.randperm(9, generator=draw)
    moved = Against(
        against.open[rows][:, columns], torch.argsort(columns)[against.positive[rows]], against.log_q[columns], 5
    )
    one, other = loss(users[rows], items[columns], moved, 0.2), loss(users, items, against, 0.2)
    assert one.item() == pytest.approx(other.item(), rel=1e-5)


@given(SEEDS)
def test_all_items_as_candidates_give_the_full_softmax(seed):
    users, items, against = problem(seed)
    whole = replace(against, open=torch.ones_like(against.open), log_q=torch.zeros(9, dtype=torch.float64))
    close(info_nce(users, items, whole, 0.3), functional.cross_entropy(users @ items.T / 0.3, against.positive))


@LOSSES
@given(SEEDS)
def test_parts_of_a_step_add_up_to_the_step(loss, seed):
    users, items, against = problem(seed)
    parts = [
        loss(users[rows], items, replace(against, open=against.open[rows], positive=against.positive[rows]), 0.2)
        for rows in (slice(0, 2), slice(2, 5))
    ]
    close(sum(parts), loss(users, items, against, 0.2))


@pytest.mark.parametrize(("loss", "expected"), [(info_nce, 0.0), (bce, math.log1p(math.exp(-2)))])
def test_a_pair_without_negatives_is_no_fault(loss, expected):
    user = torch.tensor([[1.0, 0.0]], requires_grad=True)
    against = Against(torch.zeros(1, 2, dtype=torch.bool), torch.tensor([0]), torch.zeros(2), 1)
    value = loss(user, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), against, 0.5)
    value.backward()
    assert value.item() == pytest.approx(expected)
    assert torch.isfinite(user.grad).all()


@LOSSES
def test_what_is_masked_gets_no_gradient(loss):
    users, items, against = problem(3)
    against.open[:, 8] = False
    against.positive[:] = torch.arange(5)
    items = items.requires_grad_()
    loss(users, items, against, 0.2).backward()
    assert not items.grad[8].any()
    assert items.grad[:5].abs().sum(dim=1).min() > 0


def test_matryoshka_of_the_whole_width_alone_is_the_plain_loss():
    users, items, against = problem(4)
    inner = partial(info_nce, against=against, temperature=0.3)
    close(matryoshka(inner, users, items, (4,)), inner(users, items))


def test_matryoshka_is_the_mean_over_unit_prefixes():
    users, items, against = problem(5)
    inner = partial(bce, against=against, temperature=0.3)
    cut = [functional.normalize(rows[:, :2], dim=-1) for rows in (users, items)]
    close(matryoshka(inner, users, items, (4, 2)), (inner(users, items) + inner(*cut)) / 2)


class Given(torch.nn.Module):
    """Stands for a model of sentence-transformers: its texts are vectors already."""

    def forward(self, features):
        return {"sentence_embedding": features["vectors"]}

    def get_embedding_dimension(self):
        return 4


@pytest.mark.parametrize("n_negatives", [0, 1, 3])
def test_where_nothing_is_masked_it_is_the_loss_of_sentence_transformers(n_negatives):
    losses = pytest.importorskip("sentence_transformers.sentence_transformer.losses")
    draw = torch.Generator().manual_seed(n_negatives)
    users, *columns = (torch.randn(6, 4, generator=draw, dtype=torch.float64) for _ in range(2 + n_negatives))
    theirs = losses.MultipleNegativesRankingLoss(Given(), scale=1 / 0.05)
    expected = theirs.compute_loss_from_embeddings([users, *columns], torch.empty(0))
    users, items = (functional.normalize(rows, dim=-1) for rows in (users, torch.cat(columns)))
    close(info_nce(users, items, unmasked(6, len(items)), 0.05), expected)


def test_matryoshka_is_that_of_sentence_transformers():
    losses = pytest.importorskip("sentence_transformers.sentence_transformer.losses")
    draw = torch.Generator().manual_seed(0)
    users, items = (torch.randn(6, 4, generator=draw, dtype=torch.float64) for _ in range(2))
    model, widths = Given(), [4, 3, 1]
    plain = losses.MultipleNegativesRankingLoss(model, scale=1 / 0.05)
    theirs = losses.MatryoshkaLoss(model, plain, widths, matryoshka_weights=[1 / 3] * 3)
    expected = theirs([{"vectors": users}, {"vectors": items}], torch.empty(0))
    inner = partial(info_nce, against=unmasked(6, 6), temperature=0.05)
    close(matryoshka(inner, users, items, widths), expected)
