"""One training run: a model, its optimisers, and passes over the questions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from intentrec.data.log import Log
from intentrec.errors import ConfigError
from intentrec.learning.parallel import share, summed
from intentrec.towers.catalogue import Catalogue
from intentrec.towers.sequence.batches import Batcher
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.model import SequenceModel, Shape
from intentrec.towers.sequence.optimiser import table_optimiser
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.sampling import Impressions, Sampler
from intentrec.towers.sequence.segments import n_steps, segments, steps
from intentrec.towers.sequence.sequences import Calendar, Sequences

_LOWEST = 0.05


class Run:
    """Training on one log, step by step.

    Attributes:
        model: The weights as they are.
        losses: Of the steps of the last epoch.
        events_per_second: Of the last epoch: events encoded, padding not counted.
    """

    def __init__(
        self,
        log: Log,
        catalogue: Catalogue,
        config: SequenceConfig,
        seed: int,
        device: str,
        impressions: Impressions | None = None,
    ) -> None:
        """Draw the first weights from torch's own generator, which the caller seeds.

        Raises:
            DataError: There is nothing to learn from.
        """
        sequences = Sequences.of(log)
        asked = queries(sequences, config)
        self.config, self.rng = config, np.random.default_rng(seed)
        self.parts = segments(sequences, asked, config.length)
        shape = Shape(log.n_kinds, Calendar.of(log.time, config.period_days))
        known = np.bincount(log.item, minlength=log.n_items) > 0
        self.model = SequenceModel(catalogue, known, shape, config, device)
        self.model.hiding.manual_seed(seed)
        sampler = Sampler(sequences, asked, catalogue.fixed[:, 0], config, impressions)
        self.batcher = Batcher(sequences, asked, self.parts, sampler, shape.calendar, config, self.rng)
        fused = device == "cpu" or device.startswith("cuda")
        self.dense = torch.optim.AdamW(
            self.model.parameters(), lr=config.rate, betas=(0.9, 0.98), weight_decay=config.weight_decay, fused=fused
        )
        self.table = table_optimiser(self.model.rows, config)
        self.total = config.epochs * n_steps(self.parts, config.tokens)
        self.done = 0
        self.losses: list[float] = []
        self.events_per_second = 0.0
        rank, _ = share()
        if rank:
            torch.manual_seed(seed + rank)  # the weights are drawn alike; what is dropped need not be

    def epoch(self, advance: Callable[[int], None]) -> float:
        """Mean loss of one pass over all questions.

        Raises:
            ConfigError: The loss is not finite.
        """
        self.model.train()
        self.losses, n_events, start = [], 0, time.perf_counter()
        for chosen in steps(self.parts, self.config.tokens, self.rng):
            loss, encoded = self.step(chosen)
            self.losses.append(loss)
            n_events += encoded
            advance(encoded)
        self.events_per_second = n_events / (time.perf_counter() - start)
        return float(np.mean(self.losses))

    def step(self, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, int]:
        """Learn from some segments: the loss before, and how many events this process encoded."""
        batch = self.batcher.batch(chosen, share())
        ids = torch.from_numpy(batch.items).to(self.model.device)
        rows = self.model.rows.index_select(0, ids).requires_grad_()
        for weight in self.model.parameters():
            weight.grad = None
        loss = self.model.loss(batch, rows) if len(batch.rows) else (rows * 0).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        value = self._reduced(loss, rows)
        if not math.isfinite(value):
            raise ConfigError(
                f"The loss of the sequence tower became {value} at step {self.done + 1}. Lower sequence.rate "
                f"({self.config.rate:g}) and sequence.table_rate ({self.config.table_rate:g})."
            )
        share_of_rate = self._share()
        for group in self.dense.param_groups:
            group["lr"] = self.config.rate * share_of_rate
        self.dense.step()
        assert rows.grad is not None
        self.table.step(self.model.rows, ids, rows.grad, self.config.table_rate * share_of_rate)
        self.done += 1
        return value, batch.n_events

    def _reduced(self, loss: Tensor, rows: Tensor) -> float:
        """The loss of the whole step; gradients become those of the whole step."""
        total = loss.detach().reshape(1).clone()
        if share()[1] > 1:
            weights = list(self.model.parameters())
            for weight in weights:
                if weight.grad is None:
                    weight.grad = torch.zeros_like(weight)
            summed([total, rows.grad, *(weight.grad for weight in weights)])  # type: ignore[list-item]
        return float(total)

    def _share(self) -> float:
        """Warm-up, then half a cosine down to a twentieth of the rate."""
        warm = min(1.0, (self.done + 1) / max(1, self.config.warmup_steps))
        fallen = 0.5 * (1 + math.cos(math.pi * min(1.0, self.done / max(1, self.total))))
        return warm * (fallen * (1 - _LOWEST) + _LOWEST)

    def weights(self) -> dict[str, Tensor]:
        """A copy of all weights."""
        return {name: weight.clone() for name, weight in (*self.model.state_dict().items(), ("rows", self.model.rows))}

    def set_weights(self, weights: dict[str, Tensor]) -> None:
        """Take over what `weights` gave."""
        self.model.load_state_dict({name: weight for name, weight in weights.items() if name != "rows"})
        with torch.no_grad():
            self.model.rows.copy_(weights["rows"])

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that the next step depends on, as tensors and as JSON."""
        tensors = {f"weights.{name}": weight for name, weight in self.weights().items()}
        tensors |= {f"table.{name}": value for name, value in self.table.state.items()}
        for number, state in self.dense.state_dict()["state"].items():
            tensors |= {f"dense.{number}.{name}": value for name, value in state.items()}
        tensors["hiding"] = self.model.hiding.get_state()
        tensors["torch"] = torch.get_rng_state()
        if self.model.device.startswith("cuda"):
            tensors["cuda"] = torch.cuda.get_rng_state(self.model.device)
        return tensors, {"numpy": self.rng.bit_generator.state, "done": self.done}

    def set_state(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.set_weights(_under(tensors, "weights."))
        for name, value in _under(tensors, "table.").items():
            self.table.state[name].copy_(value)
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "dense.").items():
            number, key = name.split(".", 1)
            state.setdefault(int(number), {})[key] = value
        self.dense.load_state_dict({**self.dense.state_dict(), "state": state})
        self.model.hiding.set_state(tensors["hiding"])
        torch.set_rng_state(tensors["torch"])
        if "cuda" in tensors:
            torch.cuda.set_rng_state(tensors["cuda"], self.model.device)
        self.rng.bit_generator.state = plain["numpy"]
        self.done = plain["done"]


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
