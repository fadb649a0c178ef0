import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_world import log_of

from intentrec.towers.losses import clashes, sampled_softmax
from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.losses import codes_softmax, fused_softmax, own_mass
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.sampling import Sampler
from intentrec.towers.sequence.sequences import Sequences


def problem(seed, n_queries=40, n_negatives=30, dtype=torch.float64):
    draw = torch.Generator().manual_seed(seed)
    queries, negatives = (torch.randn(n, 3, generator=draw, dtype=dtype) for n in (n_queries, n_negatives))
    rows = torch.randint(n_queries, (60,), generator=draw).sort().values
    ids = torch.randint(n_negatives, (60,), generator=draw)
    mask = clashes(rows, ids, torch.arange(n_negatives), n_queries)
    options = {
        "rows": rows,
        "masked": mask.nonzero().T.contiguous(),
        "bias": torch.randn(n_negatives, generator=draw, dtype=dtype),
        "weights": torch.rand(60, generator=draw, dtype=dtype),
    }
    return queries, negatives[ids], negatives, mask, options


def gradients(loss, *tensors):
    return torch.autograd.grad(loss, tensors)


@pytest.mark.parametrize("chunk", [64, 2**19])
def test_the_fused_loss_and_its_gradients_are_those_of_the_plain_one(monkeypatch, chunk):
    monkeypatch.setattr("intentrec.towers.sequence.losses._CHUNK", chunk)
    queries, positives, negatives, mask, options = problem(0)
    leaves = [tensor.requires_grad_() for tensor in (queries, positives.detach(), negatives)]
    plain = sampled_softmax(
        *leaves, rows=options["rows"], masked=mask, log_q=-options["bias"], weights=options["weights"]
    )
    fused = fused_softmax(*leaves, **options) / options["weights"].sum()
    assert fused.item() == pytest.approx(plain.item())
    for one, other in zip(gradients(plain, *leaves), gradients(fused, *leaves), strict=True):
        torch.testing.assert_close(one, other)


def test_further_negatives_of_a_query_are_as_if_they_stood_among_the_others():
    queries, positives, negatives, _, options = problem(1, n_queries=5, n_negatives=6)
    rows = torch.arange(5)
    bias = torch.linspace(-1, 1, 6, dtype=torch.float64)
    options = {"rows": rows, "masked": torch.zeros(2, 0, dtype=torch.long), "weights": torch.ones(5).double()}
    extra = own_mass(queries, negatives[4:].expand(5, 2, 3), bias[4:].expand(5, 2))
    leaves = [tensor.detach().requires_grad_() for tensor in (queries, positives[:5], negatives)]
    whole = fused_softmax(*leaves, bias=bias, **options)
    queries, positives, negatives = leaves
    extra = own_mass(queries, negatives[4:].expand(5, 2, 3), bias[4:].expand(5, 2))
    parts = fused_softmax(queries, positives, negatives[:4], bias=bias[:4], extra=extra, **options)
    assert parts.item() == pytest.approx(whole.item())
    for one, other in zip(gradients(whole, *leaves), gradients(parts, *leaves), strict=True):
        torch.testing.assert_close(one, other)


def test_gradient_is_that_of_finite_differences():
    queries, positives, negatives, _, options = problem(2, n_queries=4, n_negatives=5)
    options |= {"extra": torch.randn(4, dtype=torch.float64)}
    leaves = [tensor.detach().requires_grad_() for tensor in (queries, positives, negatives)]
    options["rows"] = options["rows"].clamp_max(3)
    assert torch.autograd.gradcheck(lambda *tensors: fused_softmax(*tensors, **options), leaves)


def test_several_codes_score_by_the_best_and_one_code_is_the_plain_loss():
    queries, positives, negatives, _, options = problem(3)
    extra = torch.randn(len(queries), dtype=torch.float64)
    one = codes_softmax(queries[:, None], positives, negatives, extra=extra, **options)
    assert one.item() == pytest.approx(fused_softmax(queries, positives, negatives, extra=extra, **options).item())
    twice = codes_softmax(torch.stack([queries, queries], 1), positives, negatives, extra=extra, **options)
    assert twice.item() == pytest.approx(one.item())
    # A code that is far from everything never scores best.
    far = torch.stack([queries, torch.zeros_like(queries)], 1)
    shifted = own_mass(far, negatives.abs().expand(len(queries), -1, -1) * queries.sign()[:, None], options["bias"])
    alone = own_mass(queries, negatives.abs().expand(len(queries), -1, -1) * queries.sign()[:, None], options["bias"])
    torch.testing.assert_close(shifted, alone)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_order_of_queries_and_negatives_does_not_matter(seed):
    queries, positives, negatives, mask, options = problem(seed)
    draw = torch.Generator().manual_seed(seed)
    users, items = torch.randperm(len(queries), generator=draw), torch.randperm(len(negatives), generator=draw)
    rows = torch.argsort(users)[options["rows"]]
    order = torch.argsort(rows, stable=True)
    moved = fused_softmax(
        queries[users],
        positives[order],
        negatives[items],
        rows=rows[order],
        masked=mask[users][:, items].nonzero().T.contiguous(),
        bias=options["bias"][items],
        weights=options["weights"][order],
    )
    assert moved.item() == pytest.approx(fused_softmax(queries, positives, negatives, **options).item())


def test_a_masked_duplicate_changes_nothing():
    queries, positives, negatives, mask, options = problem(4)
    twice, wider = torch.cat([negatives, negatives[:1]]), torch.cat([mask, torch.ones(len(mask), 1).bool()], 1)
    longer = options | {
        "masked": wider.nonzero().T.contiguous(),
        "bias": torch.cat([options["bias"], options["bias"][:1]]),
    }
    one, other = (
        fused_softmax(queries, positives, negatives, **options),
        fused_softmax(queries, positives, twice, **longer),
    )
    assert one.item() == pytest.approx(other.item())


def test_everything_masked_gives_no_loss_and_no_nan():
    queries, positives, negatives, mask, options = problem(5, dtype=torch.float32)
    options["masked"] = torch.ones_like(mask).nonzero().T.contiguous()
    leaves = [tensor.detach().requires_grad_() for tensor in (queries, positives, negatives)]
    loss = fused_softmax(*leaves, **options)
    assert loss.item() == 0
    assert all(torch.isfinite(gradient).all() for gradient in gradients(loss, *leaves))


@pytest.mark.parametrize("in_batch", [0, 40])
def test_a_large_sample_with_its_correction_gives_the_full_softmax(in_batch):
    draw = np.random.default_rng(0)
    rows = [(user, int(item), day) for user in range(4) for day, item in enumerate(draw.beta(0.4, 2, 50) * 9)]
    sequences = Sequences.of(log_of(rows))
    config = SequenceConfig(negatives=2, in_batch=in_batch)
    asked = queries(sequences, config)
    sampler = Sampler(sequences, asked, np.zeros(9, dtype=np.int64), config)
    scores = draw.standard_normal(9)
    answers = sequences.item[asked.event + 1]
    masses = []
    for _ in range(4000):
        shared = sampler.shared(draw.choice(answers, 20), draw)
        masses.append(np.exp(scores[shared.ids] + shared.bias).sum())
    known = np.unique(sequences.item)
    assert not sampler.whole
    assert np.mean(masses) == pytest.approx(np.exp(scores[known]).sum(), rel=0.03)
