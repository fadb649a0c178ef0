"""Hard negatives: what a user was shown and passed over, else what is popular in the same category."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.encoder.data import EncoderData
from intentrec.encoder.examples import Examples
from intentrec.encoder.timelines import Timeline
from intentrec.retrieval.topk import distinct

_NEAREST = 32
"""Impressions around the pair's own time among which are drawn: those of the same page view come first."""
_TRIES = 8


@dataclass(frozen=True)
class Known:
    """Which items users took, as far as training may know."""

    pairs: Ints
    n_items: int

    @classmethod
    def of(cls, data: EncoderData) -> "Known":
        """Everything but what is held out."""
        line = data.histories
        kept = ~line.shown & ~data.held_out()
        return cls(distinct(line.user[kept] * len(data.items) + line.item[kept]), len(data.items))

    def has(self, user: Ints, item: Ints) -> NDArray[np.bool_]:
        """Whether each user took each item; shapes are broadcast."""
        if not len(self.pairs):
            return np.zeros(np.broadcast_shapes(user.shape, item.shape), dtype=np.bool_)
        wanted = user * self.n_items + item
        at = np.searchsorted(self.pairs, wanted).clip(max=len(self.pairs) - 1)
        return np.asarray(self.pairs[at] == wanted)


@dataclass(frozen=True)
class HardNegatives:
    """Draws hard negatives for pairs.

    Attributes:
        data: Impressions and categories.
        known: What a negative must not be.
    """

    data: EncoderData
    known: Known

    @cached_property
    def _passed(self) -> Timeline:
        """Impressions before what is held out; in leave-one-out all of them."""
        return Timeline.of(self.data.passed.before(self.data.since))

    @cached_property
    def _shelves(self) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Items by category, where each category begins, and the running sum of their popularity."""
        order = np.argsort(self.data.category, kind="stable")
        starts = np.searchsorted(self.data.category[order], np.arange(-1, int(self.data.category.max()) + 2))
        taken = self.data.histories.item[~self.data.histories.shown & ~self.data.held_out()]
        weight = np.bincount(taken, minlength=len(self.data.items)) + 1.0
        return order, starts, np.concatenate([[0.0], np.cumsum(weight[order])])

    def draw(self, examples: Examples, n: int, rng: np.random.Generator) -> tuple[Ints, int]:
        """`n` items for each pair, (P, n), and how many of them come from impressions.

        -1 where nothing was found in a few tries, which only a user who took nearly everything can cause.
        """
        found = np.full((len(examples), n), -1, dtype=np.int64)
        shown = 0
        for row in range(len(examples)):
            own = self._shown(int(examples.user[row]), float(examples.time[row]), n, rng)
            found[row, : len(own)] = own
            shown += len(own)
        self._fill(examples, found, rng)
        return found, shown

    def _shown(self, user: int, time: float, n: int, rng: np.random.Generator) -> Ints:
        first, last = self._passed.starts[user : user + 2]
        at = first + np.searchsorted(self._passed.time[first:last], time)
        near = np.arange(max(first, at - _NEAREST), min(last, at + _NEAREST))
        near = near[np.argsort(np.abs(self._passed.time[near] - time), kind="stable")][:_NEAREST]
        items = np.unique(self._passed.item[near])
        items = items[~self.known.has(np.array([user]), items)]
        return rng.permutation(items)[:n]

    def _fill(self, examples: Examples, found: Ints, rng: np.random.Generator) -> None:
        """Mined negatives in every open place."""
        order, starts, total = self._shelves
        for _ in range(_TRIES):
            row, place = np.nonzero(found < 0)
            if not len(row):
                return
            user, item = examples.user[row], examples.item[row]
            shelf = self.data.category[item] + 1
            shelf = np.where(starts[shelf + 1] - starts[shelf] > 1, shelf, -1)
            low = np.where(shelf < 0, 0.0, total[starts[shelf]])
            high = np.where(shelf < 0, total[-1], total[starts[shelf + 1]])
            drawn = order[(np.searchsorted(total, rng.uniform(low, high), side="right") - 1).clip(max=len(order) - 1)]
            good = (drawn != item) & ~self.known.has(user, drawn)
            found[row[good], place[good]] = drawn[good]
