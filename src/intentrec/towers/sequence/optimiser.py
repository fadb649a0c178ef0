"""The item table learns row by row: a step reads and writes the rows that it touches, however large the table."""

from typing import Protocol

import torch
from torch import Tensor

from intentrec.towers.sequence.config import SequenceConfig

_BETAS = (0.9, 0.98)
_EPS = 1e-8
_FIRST = 1.0 / 512
"""Adagrad's sums of squares start here, so that a row's first steps are not the longest of all."""


class TableOptimiser(Protocol):
    """Moves rows of a table against their gradients, in place."""

    state: dict[str, Tensor]
    """What it remembers; to be stored with the table."""

    def step(self, table: Tensor, ids: Tensor, grads: Tensor, rate: float) -> None:
        """One step.

        Args:
            table: (N, D).
            ids: Distinct rows, (n,).
            grads: (n, D).
            rate: Learning rate of this step.
        """
        ...


class RowAdam:
    """Adam (Kingma and Ba, 2015) on touched rows only; the rest keeps its moments as they are."""

    def __init__(self, table: Tensor) -> None:
        self.state = {
            "mean": torch.zeros_like(table),
            "square": torch.zeros_like(table),
            "steps": torch.zeros((), dtype=torch.int64),
        }

    def step(self, table: Tensor, ids: Tensor, grads: Tensor, rate: float) -> None:
        """See `TableOptimiser`."""
        self.state["steps"] += 1
        steps = int(self.state["steps"])
        first, second = _BETAS
        mean = self.state["mean"][ids].lerp_(grads, 1 - first)
        square = self.state["square"][ids].mul_(second).addcmul_(grads, grads, value=1 - second)
        self.state["mean"][ids], self.state["square"][ids] = mean, square
        scale = (square / (1 - second**steps)).sqrt_().add_(_EPS)
        table.index_add_(0, ids, mean.div_(scale), alpha=-rate / (1 - first**steps))


class RowAdagrad:
    """Adagrad with one sum of squares a row (as in fbgemm's embedding tables): a state of N numbers, not 2 N D."""

    def __init__(self, table: Tensor) -> None:
        self.state = {"square": torch.full((len(table),), _FIRST / table.shape[1], device=table.device)}

    def step(self, table: Tensor, ids: Tensor, grads: Tensor, rate: float) -> None:
        """See `TableOptimiser`."""
        self.state["square"].index_add_(0, ids, grads.square().mean(dim=1))
        scale = self.state["square"][ids].sqrt_().add_(_EPS)
        table.index_add_(0, ids, grads / scale[:, None], alpha=-rate)


class DenseAdam(RowAdam):
    """Adam on the whole table, whose untouched rows go on moving by their momentum: what `RowAdam` is compared with."""

    def step(self, table: Tensor, ids: Tensor, grads: Tensor, rate: float) -> None:
        """See `TableOptimiser`."""
        dense = torch.zeros_like(table).index_copy_(0, ids, grads)
        super().step(table, torch.arange(len(table), device=table.device), dense, rate)


def table_optimiser(table: Tensor, config: SequenceConfig) -> TableOptimiser:
    """The one that the config names."""
    if config.table_optimiser == "adagrad":
        return RowAdagrad(table)
    return RowAdam(table) if config.table_optimiser == "rows" else DenseAdam(table)
