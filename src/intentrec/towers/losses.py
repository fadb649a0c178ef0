"""The losses of user-item-tag retrieval (RecGPT-V1, section 2.3.2) as pure functions on tensors."""

import torch
from torch import Tensor
from torch.nn.functional import softplus


def sampled_softmax(
    queries: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    rows: Tensor | None = None,
    masked: Tensor | None = None,
    log_q: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Mean of -log [ e^s+ / (e^s+ + sum over negatives of e^s-) ] with s the dot product.

    A positive competes with the negatives of its query and never with another positive of that query, as long as
    `masked` says so: build the mask with `clashes`. With all items as negatives and each positive masked for its own
    query this is the full softmax.

    Args:
        queries: (B, D).
        positives: (P, D).
        negatives: (N, D), shared by all queries.
        rows: Query of each positive, (P,); None when positive i belongs to query i.
        masked: True where a negative does not count for a query, (B, N).
        log_q: Log of how many times each negative is expected in the sample, (N,): subtracted, so that the sum
            estimates the one over all items (logQ correction). None when every item is there once. A positive is there
            for sure and is not corrected.
        weights: Weight of each positive, (P,); None for 1. The mean is over the sum of weights.

    Returns:
        A scalar; 0 without positives.
    """
    logits = queries @ negatives.T  # (B, N)
    if log_q is not None:
        logits = logits - log_q
    if masked is not None:
        # A finite floor: a query whose negatives are all masked has loss 0 and gradient 0, not NaN.
        logits = logits.masked_fill(masked, torch.finfo(logits.dtype).min / 2)
    others = torch.logsumexp(logits, dim=1)  # (B,)
    rows = torch.arange(len(positives), device=queries.device) if rows is None else rows
    own = (queries.index_select(0, rows) * positives).sum(dim=1)  # (P,)
    losses = softplus(others.index_select(0, rows) - own)
    if weights is None:
        return losses.sum() / max(1, len(losses))
    return (losses * weights).sum() / weights.sum().clamp_min(torch.finfo(losses.dtype).tiny)


def clashes(rows: Tensor, positive_ids: Tensor, negative_ids: Tensor, n_queries: int) -> Tensor:
    """True where a negative is a positive of that query, (B, N): the same item, or another known positive.

    Args:
        rows: Query of each known positive, (P,).
        positive_ids: (P,).
        negative_ids: (N,).
        n_queries: B.
    """
    distinct, place = torch.unique(negative_ids, return_inverse=True)
    found = torch.searchsorted(distinct, positive_ids).clamp_max(max(0, len(distinct) - 1))
    masked = torch.zeros((n_queries, len(distinct)), dtype=torch.bool, device=rows.device)
    if len(distinct):
        same = distinct[found] == positive_ids
        masked[rows[same], found[same]] = True
    return masked[:, place]


def tar_loss(collaborative: Tensor, tag: Tensor, category: Tensor, alpha: float) -> Tensor:
    """L_TAR = L_col + alpha * L_tag + (1 - alpha) * L_cate; the paper has alpha = 0.5."""
    return collaborative + alpha * tag + (1.0 - alpha) * category
