"""Losses of one batch: users at a moment against the catalogue, and the tags of what they took."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from intentrec.codes import Ints
from intentrec.towers.catalogue import Demand
from intentrec.towers.config import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.histories import Histories
from intentrec.towers.losses import clashes, sampled_softmax, tar_loss
from intentrec.towers.moments import Moment
from intentrec.towers.network import Network, pool


@dataclass(frozen=True)
class Candidates:
    """Items that the positives of a batch compete with.

    Attributes:
        ids: (N,).
        vectors: (N, D).
        log_q: Log of how often each is expected in the sample, (N,); None when all known items are there.
    """

    ids: Tensor
    vectors: Tensor
    log_q: Tensor | None


class Batcher:
    """Turns examples into losses on a device; draws from one generator."""

    def __init__(
        self, data: TrainingData, network: Network, config: TowersConfig, rng: np.random.Generator, device: str
    ) -> None:
        self.data, self.network, self.config, self.rng, self.device = data, network, config, rng, device
        self._fixed = self._tensor(data.catalogue.fixed)
        self._text = None if data.catalogue.text is None else self._tensor(data.catalogue.text)
        self._tag_text = None if data.tags.vectors is None else self._tensor(data.tags.vectors)
        self._tag_of, self._category_of = self._tensor(data.tags.tag), self._tensor(data.tags.category)
        self._by_category = np.argsort(data.tags.category, kind="stable")

    def items(self, demand: Demand) -> Tensor:
        """Vectors of all items at the moment of the demand, (N, D)."""
        codes = torch.cat([self._fixed, self._tensor(demand.buckets)], dim=1)
        vectors: Tensor = self.network.item(codes, self._tensor(demand.ratios), self._text)
        return vectors

    def users(self, past: Histories, items: Tensor) -> Tensor:
        """Vectors of users with these histories, (B, D)."""
        return user_vectors(self.network, past, items)

    def loss(self, moment: Moment, chosen: Ints) -> Tensor:
        """L_TAR of chosen examples of a moment."""
        items = self.items(moment.demand)
        past = moment.past.rows(chosen)
        if self.config.history_dropout:
            past = past.thinned(self.config.history_dropout, self.rng)
        queries = self.users(past, items)
        rows, targets = moment.targets.rows(chosen)
        candidates = self._candidates(moment, items)
        at, ids = self._tensor(rows), self._tensor(targets)
        weights = np.bincount(rows, minlength=len(chosen))[rows] ** -self.config.crowd
        collaborative = sampled_softmax(
            queries,
            items.index_select(0, ids),
            candidates.vectors,
            rows=at,
            masked=clashes(at, ids, candidates.ids, len(chosen)),
            log_q=candidates.log_q,
            weights=self._tensor(weights.astype(np.float32)),
        )
        return tar_loss(collaborative, *self._tag_losses(moment, targets, items, candidates), self.config.alpha)

    def _candidates(self, moment: Moment, items: Tensor) -> Candidates:
        known, limit = np.flatnonzero(moment.demand.known), self.config.negatives
        if len(known) <= limit:
            ids = self._tensor(known)
            return Candidates(ids, items.index_select(0, ids), None)
        chance = np.exp(0.75 * moment.demand.ratios[known, -2].astype(np.float64))
        chance /= chance.sum()
        drawn = self.rng.choice(len(known), size=limit, p=chance)
        ids, log_q = self._tensor(known[drawn]), np.log(limit * chance[drawn]).astype(np.float32)
        return Candidates(ids, items.index_select(0, ids), self._tensor(log_q))

    def _tag_losses(
        self, moment: Moment, targets: Ints, items: Tensor, candidates: Candidates
    ) -> tuple[Tensor, Tensor]:
        """L_tag and L_cate for a sample of the targets, as many as there are users in a batch."""
        nothing = items.new_zeros(())
        tagged = targets[self.data.tags.tag[targets] > 0]
        if not len(tagged):
            return nothing, nothing
        own = self.rng.choice(tagged, size=min(len(tagged), self.config.batch), replace=False)
        vectors = self.tags(self.data.tags.tag[own] - 1)
        ids = self._tensor(own)
        same_tag = self._tag_of[ids][:, None] == self._tag_of[candidates.ids]
        tag = sampled_softmax(
            vectors, items.index_select(0, ids), candidates.vectors, masked=same_tag, log_q=candidates.log_q
        )
        akin, has = self._akin(moment, own)
        if not has.any():
            return tag, nothing
        ids = self._tensor(own[has])
        same_category = self._category_of[ids][:, None] == self._category_of[candidates.ids]
        category = sampled_softmax(
            vectors.index_select(0, self._tensor(np.flatnonzero(has))),
            items.index_select(0, self._tensor(akin[has])),
            candidates.vectors,
            masked=same_category,
            log_q=candidates.log_q,
        )
        return tag, category

    def _akin(self, moment: Moment, own: Ints) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """A random item of the category of each item, and whether it may serve as a positive."""
        category = self.data.tags.category
        ordered = category[self._by_category]
        low, high = (np.searchsorted(ordered, category[own], side=side) for side in ("left", "right"))
        drawn = self._by_category[low + (self.rng.random(len(own)) * (high - low)).astype(np.int64)]
        return drawn, (category[own] > 0) & moment.demand.known[drawn]

    def tags(self, rows: Ints) -> Tensor:
        """Vectors of item tags, (M, D)."""
        if self._tag_text is not None:
            vectors: Tensor = self.network.tag(self._tag_text[self._tensor(rows)], None)
        else:
            bags = self.data.bags.rows(rows)
            vectors = self.network.tag(self._tensor(bags.words), self._tensor(bags.starts))
        return vectors

    def _tensor(self, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def user_vectors(network: Network, past: Histories, items: Tensor) -> Tensor:
    """Vectors of users with these histories, (B, D).

    Args:
        network: The towers.
        past: B histories.
        items: Vectors of all items, (N, D).
    """
    item, starts, weights, activity, users = (
        torch.from_numpy(array).to(items.device)
        for array in (past.items, past.starts, past.weights, past.activity, past.users)
    )
    table = items[:, : network.user.width]
    vectors: Tensor = network.user(pool(table, item, starts, weights), activity, users)
    return vectors
