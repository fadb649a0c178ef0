"""Training of the plain two-tower; imported only where torch is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

Ints = NDArray[np.int64]
Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Options:
    """As in `TwoTower`."""

    width: int
    history: int
    temperature: float
    rate: float
    epochs: int
    batch: int
    dropout: float
    seed: int
    device: str


class Towers(nn.Module):
    """Item vectors, and the user's made from the mean of some of them.

    The last row of the table is the empty place of a short history.
    """

    def __init__(self, n_items: int, width: int, dropout: float) -> None:
        super().__init__()
        self.vectors = nn.Embedding(n_items + 1, width, padding_idx=n_items)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.vectors.weight[:n_items], std=width**-0.5)

    def pooled(self, histories: Tensor) -> Tensor:
        """Means (B, D) of histories of item codes (B, H), padded with the number of items."""
        known = histories.ne(self.vectors.num_embeddings - 1).sum(dim=1, keepdim=True).clamp(min=1)
        mean: Tensor = self.vectors(histories).sum(dim=1) / known
        return mean

    def users(self, means: Tensor) -> Tensor:
        """Unit user vectors (B, D) of means (B, D)."""
        means = self.dropout(means)
        return functional.normalize(means + self.mlp(means), dim=1)


@dataclass(frozen=True)
class Fitted:
    """What is left after training.

    Attributes:
        network: In evaluation mode, on the CPU, in double precision.
        items: Unit vectors (I, D).
    """

    network: Towers
    items: Vectors

    def users(self, recent: sparse.csr_array) -> Vectors:
        """Unit vectors (B, D) of users whose last items are the entries of each row of (B, I)."""
        table = self.network.vectors.weight[:-1].detach().numpy()
        means = (recent @ table) / np.maximum(np.diff(recent.indptr), 1)[:, None]
        with torch.no_grad():
            vectors: Vectors = self.network.users(torch.from_numpy(means)).numpy()
        return vectors

    def size_bytes(self) -> int:
        """Of the weights and the unit vectors."""
        return sum(weight.nbytes for weight in self.network.parameters()) + self.items.nbytes


def train(user: Ints, item: Ints, n_items: int, options: Options) -> Fitted:
    """Two towers that have seen all examples `options.epochs` times.

    Args:
        user: Code of each event's user; events of a user stand together, in order of time.
        item: Item code of each event.
        n_items: Number of items.
        options: How to learn.
    """
    # Seeds torch for this block alone: whoever calls keeps the state of their own draws.
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        network = Towers(n_items, options.width, options.dropout).to(options.device)
        optimiser = torch.optim.Adam(network.parameters(), lr=options.rate)
        log_q = _log_frequencies(user, item, n_items).to(options.device)
        draws = np.random.default_rng(options.seed)
        for _ in range(options.epochs):
            for histories, targets in batches(user, item, n_items, options, draws):
                loss = in_batch_loss(network, histories, targets, log_q, options.temperature)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
    # In double precision from here on, so that who else is asked for does not show in the digits that `best` keeps.
    network = network.cpu().double().eval()
    items: Vectors = functional.normalize(network.vectors.weight[:-1].detach(), dim=1).numpy()
    return Fitted(network, items)


def batches(
    user: Ints, item: Ints, n_items: int, options: Options, draws: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Histories (B, H) and targets (B,) of every event that has an earlier one, shuffled; no last batch of one."""
    places = np.flatnonzero(user[1:] == user[:-1]) + 1
    if len(user):
        begins = np.r_[True, user[1:] != user[:-1]]
        first = np.maximum.accumulate(np.where(begins, np.arange(len(user)), 0))
    back = np.arange(1, options.history + 1)
    for start in range(0, len(places), options.batch):
        if start == 0:
            places = draws.permutation(places)
        chosen = places[start : start + options.batch]
        if len(chosen) < 2:
            return
        earlier = chosen[:, None] - back
        histories = np.where(earlier >= first[chosen, None], item[np.maximum(earlier, 0)], n_items)
        yield (
            torch.from_numpy(histories).to(options.device),
            torch.from_numpy(item[chosen]).to(options.device),
        )


def in_batch_loss(network: Towers, histories: Tensor, targets: Tensor, log_q: Tensor, temperature: float) -> Tensor:
    """Mean cross entropy of each target among the targets of its batch.

    A target that stands in the batch twice counts twice, also as a negative of itself: the correction divides by how
    often an item is drawn, so without the copies the mass of popular items would be missing from the sum.
    """
    users = network.users(network.pooled(histories))
    items = functional.normalize(network.vectors(targets), dim=1)
    logits = users @ items.T / temperature - log_q[targets]
    return functional.cross_entropy(logits, torch.arange(len(targets), device=targets.device))


def _log_frequencies(user: Ints, item: Ints, n_items: int) -> Tensor:
    """Logarithm of the share of examples whose target is each item, (I,); of one example where it never is."""
    targets = item[1:][user[1:] == user[:-1]]
    counts = np.maximum(np.bincount(targets, minlength=n_items), 1)
    return torch.from_numpy(np.log(counts / max(1, len(targets))).astype(np.float32))
