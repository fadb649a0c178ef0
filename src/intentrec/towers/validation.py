"""Recall of the towers on days that they have not seen."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.towers.batches import Batcher
from intentrec.towers.histories import Histories
from intentrec.towers.moments import Moment

_USERS_AT_ONCE = 1024


@dataclass(frozen=True)
class Recall:
    """Mean over users of the share of targets in the list.

    Attributes:
        all: Lists of all items, all targets.
        new: Lists of items that the user had not had, and only such targets; NaN when there are none.
    """

    all: float
    new: float

    @property
    def score(self) -> float:
        """What training is stopped by: both ways in which lists are served count alike."""
        return self.all if np.isnan(self.new) else (self.all + self.new) / 2


def validate(batcher: Batcher, window: Moment, k: int) -> Recall:
    """Recall of the network as it is, for the users of a window."""
    every, fresh = [], []
    with torch.no_grad():
        items = batcher.items(window.demand)
        unknown = torch.from_numpy(~window.demand.known).to(items.device)
        for start in range(0, len(window), _USERS_AT_ONCE):
            rows = np.arange(start, min(start + _USERS_AT_ONCE, len(window)))
            past = window.past.rows(rows)
            scores = (batcher.users(past, items) @ items.T).masked_fill(unknown, -torch.inf)
            wanted, had = (_dense(*pairs, scores.shape) for pairs in (window.targets.rows(rows), _pairs(past)))
            every.append(_recall(scores.cpu().numpy(), wanted, k))
            unseen = np.where(had, -np.inf, scores.cpu().numpy())
            fresh.append(_recall(unseen, wanted & ~had, k))
    return Recall(_mean(np.concatenate(every)), _mean(np.concatenate(fresh)))


def _pairs(past: Histories) -> tuple[Ints, Ints]:
    return np.repeat(np.arange(len(past)), np.diff(past.starts)), past.items


def _dense(rows: Ints, columns: Ints, shape: torch.Size) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[rows, columns] = True
    return mask


def _recall(scores: NDArray[np.float32], wanted: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Recall of each row that wants anything, (<= B,)."""
    some = wanted.any(axis=1)
    scores, wanted = scores[some], wanted[some]
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    hits = (np.take_along_axis(wanted, best, axis=1) & np.isfinite(np.take_along_axis(scores, best, axis=1))).sum(
        axis=1
    )
    shares: NDArray[np.float64] = hits / wanted.sum(axis=1)
    return shares


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
