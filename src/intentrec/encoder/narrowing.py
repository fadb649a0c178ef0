"""How whole vectors are narrowed: a linear map for each width, learned from the rankings of the whole vectors.

Matryoshka (arXiv 2205.13147) asks training to put what matters first, which takes more steps than a small budget has.
What is left to do needs no labels and no language model: narrowed cosines should rank items as whole ones do. So the
softmax over a sample of items that whole vectors give each user of a sample is taught to narrow ones (Hinton et al.,
arXiv 1503.02531), at a temperature that looks at the head of the list. Principal axes are where learning starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax, normalize, softmax

from intentrec.progress import SILENT, Progress

Map = NDArray[np.float32]
ITEMS, USERS = 16_384, 2048
"""Most items and users whose vectors are learned from."""
SHARPNESS = 0.4
"""Cosines are divided by so many standard deviations of a user's whole cosines. Much softer, the many items far down a
list decide; much sharper, the first item alone does (docs/decisions.md)."""
_RATE = 2e-3
_BATCH = 128


@dataclass(frozen=True)
class Narrowing:
    """What maps are learned from.

    Attributes:
        users: Unit rows, (U, D).
        items: Unit rows, (N, D).
        steps: Of Adam, for each width.
        seed: Of the draws of users.
        device: Where torch computes.
    """

    users: NDArray[np.floating]
    items: NDArray[np.floating]
    steps: int
    seed: int = 0
    device: str = "cpu"

    def maps(self, widths: Sequence[int], progress: Progress = SILENT) -> dict[int, Map]:
        """Width -> map, (D, width): `vectors @ map`, brought to unit length, takes the place of whole vectors."""
        with progress.track("narrowing vectors: steps", self.steps * len(widths)) as advance:
            learned = {}
            for width in widths:
                learned[width] = self._learned(width)
                advance(self.steps)
            return learned

    def _learned(self, width: int) -> Map:
        sides = (self.users, self.items)
        users, items = (torch.tensor(side, dtype=torch.float32, device=self.device) for side in sides)
        start = principal_axes(np.concatenate(sides))[:, :width]
        found = torch.tensor(start.copy(), device=self.device, requires_grad=True)
        optimiser = torch.optim.Adam([found], lr=_RATE)
        draws = torch.Generator().manual_seed(self.seed)
        for step in range(self.steps):
            optimiser.param_groups[0]["lr"] = _RATE * (1.0 - step / self.steps)
            some = users[torch.randint(len(users), (_BATCH,), generator=draws).to(self.device)]
            optimiser.zero_grad()
            divergence(some, items, found).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        learned: Map = found.detach().cpu().numpy()
        return learned


def divergence(users: Tensor, items: Tensor, narrow: Tensor) -> Tensor:
    """Cross entropy of the softmax that narrowed vectors give each user with that of whole vectors; a scalar.

    Args:
        users: Unit rows, (B, D).
        items: Unit rows, (N, D).
        narrow: (D, width).
    """
    whole = users @ items.T
    temperature = SHARPNESS * whole.std(dim=1, correction=0, keepdim=True).clamp_min(1e-6)
    cosines = normalize(users @ narrow, dim=1) @ normalize(items @ narrow, dim=1).T
    return -(softmax(whole / temperature, dim=1) * log_softmax(cosines / temperature, dim=1)).sum(dim=1).mean()


def principal_axes(vectors: NDArray[np.floating]) -> Map:
    """An orthogonal matrix (D, D); `vectors @ axes` has its coordinates in falling order of their squares' sum.

    Args:
        vectors: (n, D).
    """
    whole = vectors.astype(np.float64)
    _, axes = np.linalg.eigh(whole.T @ whole)  # ascending
    axes = axes[:, ::-1]
    # A column may as well point the other way: its largest number is made positive, so that machines agree.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.ascontiguousarray(axes * signs, dtype=np.float32)
