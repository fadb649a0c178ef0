"""Losses of the dual encoder: pure functions of vectors, with what may not count as a negative as a mask.

The losses of sentence-transformers compute the same where nothing is masked (tests hold ours to theirs). They are not
used because they tell negatives apart by batch place alone: an item that another user of the batch took, too, or that
this user took at another time, would be pushed away from who wants it. In a shop's log that is the popular half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

VectorLoss = Callable[[Tensor, Tensor], Tensor]
"""Users (B, D) and candidates (C, D) to a scalar."""


@dataclass(frozen=True)
class Against:
    """What each pair is told apart from.

    Attributes:
        open: Whether a candidate is a negative of a user, (B, C); neither the positive nor what the user took.
        positive: Column of each user's own item, (B,).
        log_q: Logarithm of the chance that a candidate comes up, (C,); zeros for no correction.
        n_pairs: Pairs of the whole step, over all processes.
    """

    open: Tensor
    positive: Tensor
    log_q: Tensor
    n_pairs: int


def info_nce(users: Tensor, candidates: Tensor, against: Against, temperature: float) -> Tensor:
    """Each positive against its open negatives: the sum over these pairs divided by the pairs of the step.

    `-log exp(s(u, i)/tau) / (exp(s(u, i)/tau) + sum_j exp(s(u, j)/tau))` (arXiv 2510.14223, section 3.3).

    Args:
        users: Unit rows (B, D).
        candidates: Unit rows (C, D).
        against: Positives and negatives.
        temperature: tau.
    """
    scores = users @ candidates.T / temperature - against.log_q
    rows = torch.arange(len(users), device=users.device)
    kept = against.open.clone()
    kept[rows, against.positive] = True
    scores = scores.masked_fill(~kept, float("-inf"))
    return functional.cross_entropy(scores, against.positive, reduction="sum") / against.n_pairs


def bce(users: Tensor, candidates: Tensor, against: Against, temperature: float) -> Tensor:
    """Every pair and every open negative as a yes or no under `sigmoid(s / tau)`; a user's negatives weigh as one.

    The variant that the paper compares InfoNCE with.
    """
    scores = users @ candidates.T / temperature
    rows = torch.arange(len(users), device=users.device)
    yes = functional.softplus(-scores[rows, against.positive])
    no = functional.softplus(scores).masked_fill(~against.open, 0.0).sum(dim=1)
    return (yes + no / against.open.sum(dim=1).clamp(min=1)).sum() / against.n_pairs


def matryoshka(loss: VectorLoss, users: Tensor, candidates: Tensor, widths: Sequence[int]) -> Tensor:
    """The mean of a loss over prefixes of the vectors, each brought to unit length (arXiv 2205.13147).

    Args:
        loss: Of unit rows.
        users: (B, D).
        candidates: (C, D).
        widths: Numbers of coordinates, each at most D.
    """
    parts = [loss(_prefix(users, width), _prefix(candidates, width)) for width in widths]
    return torch.stack(parts).mean()


def _prefix(vectors: Tensor, width: int) -> Tensor:
    return functional.normalize(vectors[:, :width], dim=-1)
