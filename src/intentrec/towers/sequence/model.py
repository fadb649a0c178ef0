"""Items, users and the loss of a batch: everything that has weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding

from intentrec.towers.catalogue import Catalogue
from intentrec.towers.sequence.batches import Batch
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.encoder import Encoder
from intentrec.towers.sequence.items import ItemSide, start_rows
from intentrec.towers.sequence.losses import codes_softmax, fused_softmax, own_mass
from intentrec.towers.sequence.sequences import Calendar

_BLOCK = 16_384


@dataclass(frozen=True)
class Shape:
    """What, beside the config, is needed to build an encoder.

    Attributes:
        n_kinds: Kinds of events.
        calendar: Periods of the events that it learns.
    """

    n_kinds: int
    calendar: Calendar

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(row["n_kinds"], Calendar(**row["calendar"]))


class SequenceModel(nn.Module):
    """The dense weights as a module, and the item rows beside it, which their own optimiser moves."""

    def __init__(
        self, catalogue: Catalogue, known: NDArray[np.bool_], shape: Shape, config: SequenceConfig, device: str
    ) -> None:
        """Untrained weights.

        Args:
            catalogue: All items.
            known: Which items have an event to learn from, (N,).
            shape: Of the encoder.
            config: What to build.
            device: Where torch computes.
        """
        super().__init__()
        self.config, self.shape, self.device = config, shape, device
        self.items = ItemSide(catalogue, config)
        self.encoder = Encoder(shape.n_kinds, shape.calendar.n, config)
        self.rows = start_rows(len(catalogue), config).to(device)
        self.known = torch.from_numpy(known).to(device)
        self.hiding = torch.Generator().manual_seed(0)
        self.to(device)

    def loss(self, batch: Batch, rows: Tensor) -> Tensor:
        """Weighted sum of the losses of the batch's targets.

        Args:
            batch: A step or a share of it.
            rows: Rows of the batch's items, (n, width + context_width), to differentiate by.
        """
        ids = self._tensor(batch.items)
        known = self.known[ids]
        if self.training and self.config.id_dropout:
            # From a generator of its own: all processes must hide the same items.
            known = known & (torch.rand(len(ids), generator=self.hiding).to(self.device) >= self.config.id_dropout)
        items = self.items(ids, rows, known)
        queries = self._queries(batch, items)
        others = None
        if batch.own is not None:
            others = own_mass(queries, items[self._tensor(batch.own.ids)], self._tensor(batch.own.bias))
        softmax = fused_softmax if self.config.codes == 1 else codes_softmax
        return softmax(
            queries,
            items.index_select(0, self._tensor(batch.targets)),
            items[: len(batch.bias)],
            rows=self._tensor(batch.rows),
            masked=self._tensor(batch.masked),
            bias=self._tensor(batch.bias),
            weights=self._tensor(batch.weights),
            extra=others,
        )

    def _queries(self, batch: Batch, items: Tensor) -> Tensor:
        history = embedding(self._tensor(batch.history), items[:, : self.config.width])
        states = self.encoder(history, self._tensor(batch.gaps), self._tensor(batch.kinds))
        asked = states.flatten(0, 1).index_select(0, self._tensor(batch.at))
        return with_context(self.encoder, asked, self._tensor(batch.periods), self._tensor(batch.since))

    @torch.no_grad()
    def table(self) -> Tensor:
        """Vectors of all items as they are served, (N, width + context_width), on the CPU."""
        parts = []
        for low in range(0, len(self.rows), _BLOCK):
            ids = torch.arange(low, min(low + _BLOCK, len(self.rows)), device=self.device)
            parts.append(self.items(ids, self.rows[ids], self.known[ids]).cpu())
        return torch.cat(parts)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def with_context(encoder: Encoder, states: Tensor, periods: Tensor, since: Tensor) -> Tensor:
    """States (Q, D) or (Q, K, D) with the context coordinates behind them."""
    demand = encoder.context(periods, since)
    if states.dim() == 3:
        demand = demand[:, None].expand(-1, states.shape[1], -1)
    return torch.cat([states, demand], dim=-1)
