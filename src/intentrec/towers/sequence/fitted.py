"""A trained sequence tower: vectors of items, and of users from their raw events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from intentrec.codes import Ints
from intentrec.data.log import Log
from intentrec.errors import ConfigError
from intentrec.towers.catalogue import Floats32
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.encoder import Encoder
from intentrec.towers.sequence.epochs import SequenceEpoch
from intentrec.towers.sequence.model import Shape
from intentrec.towers.sequence.serving import user_codes


@dataclass(frozen=True)
class SequenceTower:
    """The tower as it was trained; needs no training data to serve.

    Attributes:
        config: What it was trained with.
        shape: Of its encoder.
        encoder: The user side, on the CPU.
        table: Item vectors in the order of the catalogue, (N, D).
        history: Losses and recalls of the training.
        held_out: The tower of the validation part at its best, which has not seen what was held out; not saved.
    """

    config: SequenceConfig
    shape: Shape
    encoder: Encoder
    table: Floats32
    history: tuple[SequenceEpoch, ...]
    held_out: SequenceTower | None = None

    @property
    def width(self) -> int:
        """Length of every vector."""
        return self.config.width + self.config.context_width

    def item_vectors(self) -> Floats32:
        """Vectors of all items of the catalogue, (N, D); those without events have theirs from text and attributes."""
        return self.table

    def user_vectors(self, log: Log, users: Ints, now: float | None = None) -> Floats32:
        """Vectors of users from their events, (U, D); the training need not have known them.

        A user without events gets what is in demand.

        Args:
            log: Events of these and perhaps other users.
            users: Codes in `log`.
            now: Seconds; only earlier events are read. None to read all, each user being asked right after their last.

        Raises:
            ConfigError: The tower gives several vectors a user.
        """
        if self.config.codes > 1:
            raise ConfigError(
                f"This tower gives {self.config.codes} vectors a user (sequence.codes); ask for user_codes, and let an "
                "item's score be the best of them."
            )
        return self.user_codes(log, users, now)[:, 0]

    def user_codes(self, log: Log, users: Ints, now: float | None = None) -> Floats32:
        """The same for any number of codes, (U, K, D); an item's score is the best of K."""
        return user_codes(self.encoder, torch.from_numpy(self.table), self.shape.calendar, log, users, now)

    def tensors(self) -> dict[str, Tensor]:
        """All numbers, for safetensors."""
        weights = {name: weight.detach().cpu().contiguous() for name, weight in self.encoder.state_dict().items()}
        return {**weights, "table": torch.from_numpy(np.ascontiguousarray(self.table))}

    def meta(self) -> dict[str, Any]:
        """Everything else, for JSON."""
        return {
            "config": self.config.model_dump(mode="json"),
            "shape": self.shape.to_json(),
            "history": [epoch.to_json() for epoch in self.history],
        }

    @classmethod
    def of(cls, meta: dict[str, Any], tensors: dict[str, Tensor]) -> Self:
        """The tower that `meta` and `tensors` describe."""
        config, shape = SequenceConfig.model_validate(meta["config"]), Shape.from_json(meta["shape"])
        encoder = Encoder(shape.n_kinds, shape.calendar.n, config)
        encoder.load_state_dict({name: weight for name, weight in tensors.items() if name != "table"})
        encoder.eval().requires_grad_(False)
        history = tuple(SequenceEpoch.from_json(row) for row in meta["history"])
        return cls(config, shape, encoder, tensors["table"].numpy(), history)
