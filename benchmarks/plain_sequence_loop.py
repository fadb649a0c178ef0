"""The loop that everybody writes first: one row at a time through a DataLoader, padded to the length, dense Adam.

Network, questions, negatives, loss and schedule are those of `intentrec.towers.sequence`; steps are about as
many. What differs is how: every history is as long as the longest may be, all items get their vectors in every step,
the logits are there as a whole, and Adam moves the whole item table.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.towers.catalogue import Catalogue
from intentrec.towers.losses import clashes, sampled_softmax
from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.model import with_context
from intentrec.towers.sequence.run import Run
from intentrec.towers.sequence.sequences import gap_buckets


class Rows(Dataset[dict[str, Tensor]]):
    """One history of `length` events at a time, padded at its end, with the next item at each event that asks."""

    def __init__(self, run: Run) -> None:
        self.batcher, self.length, self.parts = run.batcher, run.config.length, run.parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        sequences, calendar = self.batcher.sequences, self.batcher.calendar
        start, end, first = (int(part[row]) for part in (self.parts.start, self.parts.end, self.parts.first))
        own, after = slice(start, end), slice(start + 1, end + 1)
        clock = sequences.time[after if self.batcher.config.clock == "request" else own]
        columns = {
            "item": sequences.item[own],
            "gap": sequences.gap[own],
            "kind": sequences.kind[own],
            "target": sequences.item[after],
            "period": calendar.period(clock),
            "since": gap_buckets((sequences.time[after] - sequences.time[own]) / DAY),
            "asks": np.arange(start, end) >= first,
        }
        return {name: torch.from_numpy(self._padded(column)) for name, column in columns.items()}

    def _padded(self, column: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
        padded = np.zeros(self.length, dtype=column.dtype)
        padded[: len(column)] = column
        return padded


class PlainRun(Run):
    """Training on one log, the plain way; for the target "next"."""

    def __init__(self, log: Log, catalogue: Catalogue, config: SequenceConfig, seed: int) -> None:
        super().__init__(log, catalogue, config, seed, "cpu")
        self.model.rows = nn.Parameter(self.model.rows)
        weights = [weight for name, weight in self.model.named_parameters() if name != "rows"]
        self.dense = torch.optim.AdamW(
            [{"params": weights, "peak": config.rate}, {"params": [self.model.rows], "peak": config.table_rate}],
            betas=(0.9, 0.98),
            weight_decay=0.0,
        )
        size = max(1, round(len(self.parts) / max(1, self.total // config.epochs)))
        shuffle = torch.Generator().manual_seed(seed)
        self.loader = DataLoader(Rows(self), batch_size=size, shuffle=True, generator=shuffle)

    def epoch(self, advance: Callable[[int], None]) -> float:
        """Mean loss of one pass over all questions."""
        self.model.train()
        losses, start = [], time.perf_counter()
        for rows in self.loader:
            self.dense.zero_grad()
            loss = self.loss(rows)
            loss.backward()  # type: ignore[no-untyped-call]
            for group in self.dense.param_groups:
                group["lr"] = group["peak"] * self._share()
            self.dense.step()
            self.done += 1
            losses.append(loss.item())
        n_events = int(self.parts.lengths.sum())
        self.events_per_second = n_events / (time.perf_counter() - start)
        advance(n_events)
        return float(np.mean(losses))

    def loss(self, rows: dict[str, Tensor]) -> Tensor:
        """Mean loss of the questions of some rows."""
        model, asks = self.model, rows["asks"]
        known = model.known
        if model.training and self.config.id_dropout:
            known = known & (torch.rand(len(known)) >= self.config.id_dropout)
        table = model.items(torch.arange(len(known)), model.rows, known)
        states = model.encoder(table[rows["item"]][..., : self.config.width], rows["gap"], rows["kind"])
        queries = with_context(model.encoder, states[asks], rows["period"][asks], rows["since"][asks])
        targets = rows["target"][asks]
        shared = self.batcher.sampler.shared(_ints(targets), self.rng)
        ids = torch.from_numpy(shared.ids)
        return sampled_softmax(
            queries,
            table[targets],
            table[ids],
            masked=clashes(torch.arange(len(targets)), targets, ids, len(targets)),
            log_q=-torch.from_numpy(shared.bias),
        )


def _ints(tensor: Tensor) -> Ints:
    found: Ints = tensor.numpy()
    return found
