"""What users did before a moment, pooled in several ways: the input of the user tower."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.retrieval.topk import distinct

Floats32 = NDArray[np.float32]
ACTIVITY_WIDTH = 5


@dataclass(frozen=True)
class Histories:
    """Distinct items of each user with a weight for each way of pooling.

    Attributes:
        starts: Where each user's items begin, and the end, (U + 1,).
        items: Item codes, (H,).
        weights: (H, P): ever, once per kind of event, once per half-life, last active day.
        activity: Logarithms of: items, days since the last event, weight, recent weight, active days, (U, 5).
        users: Code + 1 of each user, 0 for users that training did not know, (U,).
    """

    starts: Ints
    items: Ints
    weights: Floats32
    activity: Floats32
    users: Ints

    def __len__(self) -> int:
        return len(self.users)

    def rows(self, chosen: Ints) -> "Histories":
        """The histories of chosen rows, in that order."""
        counts = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.arange(starts[-1]) - np.repeat(starts[:-1] - self.starts[chosen], counts)
        return Histories(starts, self.items[at], self.weights[at], self.activity[chosen], self.users[chosen])

    def padded(self, n: int) -> "Histories":
        """The same with empty histories after them, to make `n`."""
        empty = n - len(self)
        return Histories(
            np.pad(self.starts, (0, empty), mode="edge"),
            self.items,
            self.weights,
            np.pad(self.activity, ((0, empty), (0, 0))),
            np.pad(self.users, (0, empty)),
        )

    def thinned(self, share: float, rng: np.random.Generator) -> "Histories":
        """The same without a random share of the items; `activity` stays as it was."""
        kept = rng.random(len(self.items)) >= share
        total = np.concatenate([[0], np.cumsum(kept)])
        return Histories(total[self.starts], self.items[kept], self.weights[kept], self.activity, self.users)


def n_pools(n_kinds: int, half_lives: tuple[float, ...]) -> int:
    """How many ways of pooling there are."""
    return 2 + n_kinds + len(half_lives)


def histories(log: Log, users: Ints, now: float, half_lives: tuple[float, ...]) -> Histories:
    """Histories of users from their events before `now`.

    Args:
        log: Any events.
        users: Codes of users, each once.
        now: Exclusive, in seconds.
        half_lives: In days.
    """
    log, place = log.before(now).of_users(users)
    pairs, pair = np.unique(place * log.n_items + log.item, return_inverse=True)
    owner, item = pairs // max(1, log.n_items), pairs % max(1, log.n_items)
    days = (now - log.time) / DAY
    last = np.full(len(users), np.inf)
    np.minimum.at(last, place, days)

    def pooled(weight: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.bincount(pair, weights=weight, minlength=len(pairs)).astype(np.float64)

    columns = [np.ones(len(pairs))]
    columns += [np.log1p(pooled(log.weight * (log.kind == kind))) for kind in range(log.n_kinds)]
    columns += [pooled(log.weight * 0.5 ** (days / half_life)) for half_life in half_lives]
    columns.append(np.minimum(pooled((days <= last[place] + 1.0) * 1.0), 1.0))
    weights = np.stack(columns, axis=1).astype(np.float32).reshape(len(pairs), n_pools(log.n_kinds, half_lives))
    starts = np.searchsorted(owner, np.arange(len(users) + 1)).astype(np.int64)
    return Histories(starts, item, weights, _activity(log, place, days, last, np.diff(starts)), users + 1)


def _activity(
    log: Log, place: Ints, days: NDArray[np.float64], last: NDArray[np.float64], n_distinct: Ints
) -> Floats32:
    n_users = len(last)
    active = distinct(place * 100_000 + np.floor(days).astype(np.int64)) // 100_000
    columns = [
        n_distinct,
        np.where(np.isfinite(last), last, 1000.0),
        np.bincount(place, weights=log.weight, minlength=n_users),
        np.bincount(place, weights=log.weight * 0.5 ** (days / 30.0), minlength=n_users),
        np.bincount(active, minlength=n_users),
    ]
    logs: Floats32 = np.log1p(np.stack(columns, axis=1)).astype(np.float32)
    return logs
