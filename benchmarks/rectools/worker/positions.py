"""The loss of RecTools, computed at real positions only.

RecTools pads every history to the full length and computes logits for padding, too, before it ignores them; where
histories are short, that is most of the work. Here users of one batch are cut to the length of their group, and logits
are taken only where there is a target. Sampled candidates are compared where they lie, instead of being copied out of
the table of items, which is most of the rest. With padding masked in attention, positions counted from the end and dot
products, all as RecTools has them, loss and gradient are the same numbers. Needs torch, not RecTools.
"""

from typing import Any

import torch
from torch.nn.functional import embedding, embedding_bag

GROUPS = (4, 8, 16, 32)
"""Lengths at which the users of a batch are parted."""

_POSITIONS_AT_ONCE = 16  # what they are compared with stays in the cache

Batch = dict[str, torch.Tensor]


def real_position_loss(module: Any, batch: Batch) -> torch.Tensor:
    """Mean loss over the positions with a target.

    Args:
        module: RecTools' TransformerLightningModule, or what has its torch_model, loss_calculator and logits_t.
        batch: Left-padded x, y and yw, (B, L), and perhaps negatives (B, L, N).
    """
    item_embs = module.torch_model.item_model.get_all_embeddings()  # (I, D)
    states, targets, weights, negatives = [], [], [], []
    for rows, length in groups(batch["x"]):
        x, y = batch["x"][rows, -length:], batch["y"][rows, -length:]
        real = y != 0
        states.append(module.torch_model.encode_sessions({"x": x}, item_embs)[real])
        targets.append(y[real])
        weights.append(batch["yw"][rows, -length:][real])
        if "negatives" in batch:
            negatives.append(batch["negatives"][rows, -length:][real])
    y, w, session = torch.cat(targets), torch.cat(weights), torch.cat(states)  # (P,), (P,), (P, D)
    if negatives:
        candidates = torch.cat([y.unsqueeze(1), torch.cat(negatives)], dim=1)  # (P, 1 + N)
        logits = CandidateLogits.apply(session, item_embs, candidates)  # type: ignore[no-untyped-call]
    else:
        logits = session @ item_embs.T
    loss: torch.Tensor = module.loss_calculator(logits[None] / module.logits_t, y[None], w[None])
    return loss


class CandidateLogits(torch.autograd.Function):
    """Dot products of states (P, D) with their own candidates (P, C), which are rows of items (I, D): (P, C)."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, items: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
        """The products."""
        ctx.save_for_backward(states, items, candidates)
        starts = range(0, len(states), _POSITIONS_AT_ONCE)
        blocks = (slice(start, start + _POSITIONS_AT_ONCE) for start in starts)
        return torch.cat(
            [(embedding(candidates[here], items) @ states[here].unsqueeze(-1)).squeeze(-1) for here in blocks]
        )

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        """Weighted sums of candidates for each state, and of states for each item."""
        states, items, candidates = ctx.saved_tensors
        of_states = embedding_bag(candidates, items, per_sample_weights=gradients[0], mode="sum")
        chosen, order = candidates.flatten().sort()
        starts = torch.searchsorted(chosen, torch.arange(len(items)))
        weights = gradients[0].flatten()[order]
        asking = torch.arange(len(states)).repeat_interleave(candidates.shape[1])[order]
        of_items = embedding_bag(asking, states, starts, per_sample_weights=weights, mode="sum")
        return of_states, of_items, None


def groups(x: torch.Tensor) -> list[tuple[torch.Tensor, int]]:
    """Rows of similar length and the length to cut them to, for left-padded x (B, L); all-padding rows are in none."""
    lengths = (x != 0).sum(dim=1)
    found, low = [], 0
    for high in (*(bound for bound in GROUPS if bound < x.shape[1]), x.shape[1]):
        rows = torch.nonzero((lengths > low) & (lengths <= high)).squeeze(1)
        if len(rows):
            found.append((rows, int(lengths[rows].max())))
        low = high
    return found
