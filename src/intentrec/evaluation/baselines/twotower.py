"""The plain two-tower of item ids: mean of the history through an MLP, softmax in the batch (Yi et al., 2019)."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores, single_threaded_blas
from intentrec.evaluation.baselines.interactions import Interactions, sequences
from intentrec.extras import require

if TYPE_CHECKING:
    from intentrec.evaluation.baselines.twotower_training import Fitted

_BYTES_A_WEIGHT = 16  # value, gradient and two moments


class TwoTower(Baseline):
    """Scores are cosines of a user vector, computed from the last items, and item vectors.

    A user's vector is u + MLP(u), where u is the mean of the last items' vectors. Each event with an earlier one is an
    example; the other targets of its batch are its negatives, their logits corrected by ln of how often they are drawn.

    Args:
        width: Of the vectors.
        history: Most items of a history that are looked at.
        temperature: Divides the cosines in the loss.
        rate: Learning rate of Adam.
        epochs: Passes over all events.
        batch: Examples in a step.
        dropout: Share of the mean's coordinates that training leaves out.
        seed: Of the first weights, the order of examples and the dropout.
        device: Where torch computes.
    """

    name = "twotower"

    def __init__(
        self,
        *,
        width: int = 64,
        history: int = 20,
        temperature: float = 0.1,
        rate: float = 0.003,
        epochs: int = 10,
        batch: int = 512,
        dropout: float = 0.2,
        seed: int = 0,
        device: str = "cpu",
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(memory_limit_gb=memory_limit_gb)
        self.width = width
        self.history = history
        self.temperature = temperature
        self.rate = rate
        self.epochs = epochs
        self.batch = batch
        self.dropout = dropout
        self.seed = seed
        self.device = device
        self._trained: Fitted | None = None
        self._items_touched: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)

    def bytes_needed(self, interactions: Interactions) -> float:
        """Item vectors with what Adam keeps of them, and the events."""
        return float(_BYTES_A_WEIGHT * self.width * len(interactions.items) + 64 * interactions.values.nnz)

    def size_bytes(self) -> int:
        """Of the weights of both towers and the item vectors made from them."""
        return 0 if self._trained is None else self._trained.size_bytes()

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        require("torch", "the two-tower baseline")
        from intentrec.evaluation.baselines.twotower_training import Options, train

        options = Options(
            self.width, self.history, self.temperature, self.rate, self.epochs, self.batch, self.dropout, self.seed,
            self.device,
        )  # fmt: skip
        user, item = sequences(events, interactions.items)
        self._trained = train(user, item, len(interactions.items), options)
        self._items_touched = np.bincount(item, minlength=len(interactions.items)) > 0

    def _scores(self, rows: Ints) -> Scores:
        recent = self._fitted().recent(rows, self.history)
        scores = np.full(recent.shape, -np.inf, dtype=np.float32)
        known = np.flatnonzero(np.diff(recent.indptr) > 0)
        if self._trained is None or not len(known):
            return scores
        with single_threaded_blas():
            users = self._trained.users(recent[known])
            scores[known] = users @ self._trained.items.T
        scores[:, ~self._items_touched] = -np.inf
        return scores
