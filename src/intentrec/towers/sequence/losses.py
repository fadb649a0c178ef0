"""The sampled softmax of `intentrec.towers.losses` without its large intermediate tensors, and for several codes."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

_FLOOR = -1e30
_CHUNK = 2**19
"""Logits worked on at once: 2 MB in float32 stay in the processor's cache. Whole, they crossed the memory ten times."""


class _Softmax(torch.autograd.Function):
    """Loss and gradients in one pass over parts of the queries; the logits are never all there at once."""

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        negatives: Tensor,
        own: Tensor,
        extra: Tensor,
        bias: Tensor,
        rows: Tensor,
        weights: Tensor,
        masked: Tensor,
    ) -> Tensor:
        n_queries, n_negatives = len(queries), len(negatives)
        part = max(16, _CHUNK // max(1, n_negatives))
        buffer = queries.new_empty(min(part, n_queries), n_negatives)
        d_queries, d_negatives = torch.empty_like(queries), torch.zeros_like(negatives)
        d_own, d_extra = torch.empty_like(own), torch.empty_like(extra)
        cuts = torch.arange(0, n_queries + part, part, device=rows.device).clamp_max_(n_queries)
        asked, hidden = (torch.searchsorted(sorted_rows, cuts).tolist() for sorted_rows in (rows, masked[0]))
        total = queries.new_zeros(())
        for number, low in enumerate(range(0, n_queries, part)):
            some = slice(low, min(low + part, n_queries))
            mine, cells = slice(asked[number], asked[number + 1]), slice(hidden[number], hidden[number + 1])
            here = rows[mine] - low
            logits = torch.addmm(bias, queries[some], negatives.T, out=buffer[: some.stop - low])
            logits[masked[0, cells] - low, masked[1, cells]] = _FLOOR
            top = logits.amax(dim=1, keepdim=True)
            mass = logits.sub_(top).exp_().sum(dim=1)
            shared = top[:, 0] + mass.log()
            others = torch.logaddexp(shared, extra[some])
            margin = others[here] - own[mine]
            total += (softplus(margin) * weights[mine]).sum()
            d_own[mine] = -weights[mine] * torch.sigmoid(margin)
            pull = queries.new_zeros(len(logits)).index_add_(0, here, -d_own[mine])
            d_extra[some] = pull * (extra[some] - others).exp()
            logits.mul_((pull * (shared - others).exp() / mass)[:, None])
            torch.mm(logits, negatives, out=d_queries[some])
            d_negatives.addmm_(logits.T, queries[some])
        ctx.save_for_backward(d_queries, d_negatives, d_own, d_extra)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return (*(grad * saved for saved in ctx.saved_tensors), None, None, None, None)


def fused_softmax(
    queries: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    rows: Tensor,
    masked: Tensor,
    bias: Tensor,
    weights: Tensor,
    extra: Tensor | None = None,
) -> Tensor:
    """Weighted sum of -log [ e^s+ / (e^s+ + sum of e^(s- + bias)) ]: the loss of `sampled_softmax`, quicker.

    Args:
        queries: (B, D).
        positives: (P, D).
        negatives: (N, D), shared by all queries.
        rows: Query of each positive, ascending, (P,).
        masked: Cells of the (B, N) scores that do not count, as rows, ascending, and columns, (2, M).
        bias: Added to the scores of each negative, (N,): minus its log_q.
        weights: Of each positive, (P,); the sum is taken, not the mean.
        extra: Log of the mass of each query's own further negatives, (B,); None for none.
    """
    own = (queries.index_select(0, rows) * positives).sum(dim=1)
    extra = queries.new_full((len(queries),), _FLOOR) if extra is None else extra
    loss: Tensor = _Softmax.apply(queries, negatives, own, extra, bias, rows, weights, masked)  # type: ignore[no-untyped-call]
    return loss


def codes_softmax(
    queries: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    rows: Tensor,
    masked: Tensor,
    bias: Tensor,
    weights: Tensor,
    extra: Tensor | None = None,
) -> Tensor:
    """The same for K vectors a query, (B, K, D): a score is the best of K."""
    scores = torch.einsum("bkd,nd->bkn", queries, negatives).amax(dim=1) + bias
    scores = scores.index_put((masked[0], masked[1]), scores.new_tensor(_FLOOR))
    others = torch.logsumexp(scores, dim=1)
    if extra is not None:
        others = torch.logaddexp(others, extra)
    own = torch.einsum("pkd,pd->pk", queries.index_select(0, rows), positives).amax(dim=1)
    return (softplus(others.index_select(0, rows) - own) * weights).sum()


def own_mass(queries: Tensor, candidates: Tensor, bias: Tensor) -> Tensor:
    """Log of the mass of negatives that each query has for itself, (B,): `extra` of the losses.

    Args:
        queries: (B, D) or (B, K, D).
        candidates: (B, X, D).
        bias: Added to each score; very low where there is no candidate, (B, X).
    """
    if queries.dim() == 3:
        scores = torch.einsum("bkd,bxd->bkx", queries, candidates).amax(dim=1)
    else:
        scores = torch.einsum("bd,bxd->bx", queries, candidates)
    return torch.logsumexp(scores + bias, dim=1)
