"""Negatives of a step: one shared sample, and a few of each question's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import Seconds
from intentrec.towers.catalogue import Floats32
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.queries import Queries
from intentrec.towers.sequence.sequences import Sequences

_NEVER = -1e30


@dataclass(frozen=True)
class Shared:
    """Negatives of all questions of a step.

    Attributes:
        ids: Distinct items, (C,).
        bias: Log of how often each was drawn over how often it is expected to be, (C,): with it the sample's mass
            estimates that of all items (logQ correction). 0 where all items are there.
    """

    ids: Ints
    bias: Floats32


@dataclass(frozen=True)
class Own:
    """Further negatives of each question.

    Attributes:
        ids: (B, X); any item where there is none.
        bias: Added to their scores, very low where there is none, (B, X).
    """

    ids: Ints
    bias: Floats32


@dataclass(frozen=True)
class Impressions:
    """What users were shown and did not take.

    Attributes:
        user: Code of the user, (I,).
        item: Code of the item, (I,).
        time: Seconds, (I,).
    """

    user: Ints
    item: Ints
    time: Seconds


class Sampler:
    """Draws negatives; only items that have events are ever drawn, except where they were shown."""

    def __init__(
        self,
        sequences: Sequences,
        asked: Queries,
        category: Ints,
        config: SequenceConfig,
        impressions: Impressions | None = None,
    ) -> None:
        """Count what the draws need.

        Args:
            sequences: The events that are learnt from.
            asked: All questions, for the items that answer them.
            category: Code of each item's category, 0 for none, (N,).
            config: How many to draw.
            impressions: Where negatives that were shown are asked for.
        """
        self.config, self.category = config, category
        counts = np.bincount(sequences.item, minlength=sequences.n_items)
        self.known = np.flatnonzero(counts)
        self.whole = len(self.known) <= config.negatives
        weight = counts[self.known].astype(np.float64) ** config.popularity_power
        self._cumulative = np.cumsum(weight / weight.sum())
        self._expected = np.zeros(sequences.n_items)
        self._expected[self.known] = config.negatives * weight / weight.sum()
        if config.in_batch:
            answers = np.bincount(sequences.item[asked.event + 1], minlength=sequences.n_items)
            self._expected += config.in_batch * answers / answers.sum()
        by_category = np.argsort(category[self.known], kind="stable")
        self._sorted, self._categories = self.known[by_category], category[self.known][by_category]
        self._shown = None if impressions is None else _Shown(impressions)

    def shared(self, targets: Ints, rng: np.random.Generator) -> Shared:
        """Negatives of a step with these targets, (P,).

        All items with events where they are no more than `negatives`. Else a sample by popularity, mixed with some of
        the step's targets; an item's expected count is over both.
        """
        if self.whole:
            return Shared(self.known, np.zeros(len(self.known), dtype=np.float32))
        places = np.searchsorted(self._cumulative, rng.random(self.config.negatives), side="right")
        drawn = self.known[np.minimum(places, len(self.known) - 1)]
        if self.config.in_batch:
            drawn = np.concatenate([drawn, rng.choice(targets, self.config.in_batch)])
        ids, counts = np.unique(drawn, return_counts=True)
        # Uncorrected, the sample is taken for an even one: popular items then count as often as they were drawn.
        even = np.full(len(ids), len(drawn) / len(self.known))
        expected = np.maximum(self._expected[ids], 1e-9) if self.config.logq else even
        return Shared(ids, np.log(counts / expected).astype(np.float32))

    def own(
        self, rows: Ints, targets: Ints, user: Ints, since: Seconds, until: Seconds, rng: np.random.Generator
    ) -> Own | None:
        """Further negatives of each question; None where the config asks for none.

        Items of the category of one of its targets are drawn at random and corrected, so that they stand for the whole
        category, which then counts twice. Impressions count as they are. A question's own targets are left out.

        Args:
            rows: Question of each target, ascending, (P,); each question has some.
            targets: (P,).
            user: Of each question, (B,).
            since: Time of each question's last event, (B,).
            until: Time of each question, (B,).
            rng: Draws.
        """
        parts = []
        if self.config.hard:
            parts.append(self._hard(rows, targets, len(user), rng))
        if self.config.impressions and self._shown is not None:
            parts.append(self._shown.latest(user, since, until, self.config.impressions))
        if not parts:
            return None
        ids = np.concatenate([part.ids for part in parts], axis=1)
        bias = np.concatenate([part.bias for part in parts], axis=1)
        n_items = len(self.category)
        taken = np.isin(np.arange(len(user))[:, None] * n_items + ids, rows * n_items + targets)
        return Own(ids, np.where(taken, np.float32(_NEVER), bias))

    def _hard(self, rows: Ints, targets: Ints, n_queries: int, rng: np.random.Generator) -> Own:
        starts = np.searchsorted(rows, np.arange(n_queries + 1))
        one = starts[:-1] + (rng.random(n_queries) * np.diff(starts)).astype(np.int64)
        category = self.category[targets[one]]
        low, high = (np.searchsorted(self._categories, category, side=side) for side in ("left", "right"))
        places = low[:, None] + (rng.random((n_queries, self.config.hard)) * (high - low)[:, None]).astype(np.int64)
        some = (category > 0) & (high > low)
        bias = np.where(some, np.log(np.maximum(high - low, 1) / self.config.hard), _NEVER).astype(np.float32)
        ids = self._sorted[np.minimum(places, len(self._sorted) - 1)]
        return Own(ids, np.broadcast_to(bias[:, None], ids.shape))


class _Shown:
    """Impressions by user and time."""

    def __init__(self, impressions: Impressions) -> None:
        order = np.lexsort((impressions.time, impressions.user))
        self.item = impressions.item[order]
        self.times = np.unique(impressions.time)
        self.span = len(self.times) + 1
        self.key = impressions.user[order] * self.span + np.searchsorted(self.times, impressions.time[order])

    def latest(self, user: Ints, since: Seconds, until: Seconds, most: int) -> Own:
        """The last ones after each question's last event and before the question's time."""
        low = np.searchsorted(self.key, user * self.span + np.searchsorted(self.times, since))
        high = np.searchsorted(self.key, user * self.span + np.searchsorted(self.times, until))
        places = high[:, None] - 1 - np.arange(most)
        bias: NDArray[np.float32] = np.where(places >= low[:, None], 0.0, _NEVER).astype(np.float32)
        return Own(self.item[np.clip(places, 0, len(self.item) - 1)], bias)
