"""The loss of RecTools, computed at real positions only.

RecTools pads every history to the full length and computes logits for padding, too, before it ignores them; where
histories are short, that is most of the work. Here users of one batch are cut to the length of their group, and logits
are taken only where there is a target. With padding masked in attention and positions counted from the end, both as
RecTools has them, the loss is the same number. Needs torch, not RecTools.
"""

from typing import Any

import torch

GROUPS = (4, 8, 16, 32)
"""Lengths at which the users of a batch are parted."""

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
    y, w = torch.cat(targets)[None], torch.cat(weights)[None]  # (1, P)
    candidates = None
    if negatives:
        candidates = torch.cat([y.unsqueeze(-1), torch.cat(negatives)[None]], dim=-1)  # (1, P, 1 + N)
    logits = module.torch_model.similarity_module(torch.cat(states)[None], item_embs, candidates) / module.logits_t
    loss: torch.Tensor = module.loss_calculator(logits, y, w)
    return loss


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
