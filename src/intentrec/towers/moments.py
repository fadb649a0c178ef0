"""Training examples: at past moments, what users had done before and what they did next."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.errors import DataError
from intentrec.retrieval.topk import distinct
from intentrec.towers.catalogue import Demand, demand
from intentrec.towers.config import TowersConfig
from intentrec.towers.histories import Histories, histories


@dataclass(frozen=True)
class Targets:
    """Distinct items of each example.

    Attributes:
        starts: Where each example's items begin, and the end, (B + 1,).
        items: Item codes, (T,).
    """

    starts: Ints
    items: Ints

    def rows(self, chosen: Ints) -> tuple[Ints, Ints]:
        """For chosen examples: the place of each target's example among them, and its item."""
        counts = np.diff(self.starts)[chosen]
        rows = np.repeat(np.arange(len(chosen)), counts)
        shift = np.repeat(self.starts[chosen] - (np.cumsum(counts) - counts), counts)
        return rows, self.items[np.arange(len(rows)) + shift]


@dataclass(frozen=True)
class Moment:
    """Users with events both before a moment and soon after it.

    Attributes:
        now: Seconds since 1970.
        users: Codes, (B,).
        past: Their histories before `now`.
        targets: What they did from `now` on; only items that were known then.
        demand: Of all items just before `now`.
    """

    now: float
    users: Ints
    past: Histories
    targets: Targets
    demand: Demand

    def __len__(self) -> int:
        return len(self.users)


def moments(log: Log, end: float, config: TowersConfig) -> list[Moment]:
    """Moments to learn from, latest first: every `step_days` before `end`, never looking at or past it.

    Raises:
        DataError: No user has events both before and after any of them.
    """
    found = [moment for now in _times(log, end, config) if len(moment := moment_at(log, now, end, config))]
    if not found:
        raise DataError(
            f"No user among {len(np.unique(log.user))} has events on two sides of any of the moments that are "
            f"{config.step_days:g} days apart, so there is nothing to learn from. Give a longer log, or make "
            "towers.step_days shorter."
        )
    return found


def moment_at(log: Log, now: float, end: float, config: TowersConfig) -> Moment:
    """The users who had events before `now`, and what they did until the horizon or `end`."""
    state = demand(log, now)
    ahead = log.between(now, min(now + config.horizon_days * DAY, end))
    returning = np.zeros(log.n_users, dtype=np.bool_)
    returning[log.before(now).user] = True
    ahead = ahead.where(returning[ahead.user] & state.known[ahead.item])
    if config.target == "session" and len(ahead):
        first = np.full(log.n_users, np.inf)
        np.minimum.at(first, ahead.user, ahead.time)
        ahead = ahead.where(ahead.time <= first[ahead.user] + DAY)
    users, place = np.unique(ahead.user, return_inverse=True)
    pairs = distinct(place * log.n_items + ahead.item)
    starts = np.searchsorted(pairs, np.arange(len(users) + 1) * log.n_items).astype(np.int64)
    targets = Targets(starts, pairs % max(1, log.n_items))
    return Moment(now, users, histories(log, users, now, config.half_life_days), targets, state)


def _times(log: Log, end: float, config: TowersConfig) -> Iterator[float]:
    first = float(log.time[0]) if len(log) else end
    warmup = min(config.warmup_days * DAY, (end - first) / 2)
    for step in range(1, config.max_steps + 1):
        now = end - step * config.step_days * DAY
        if now < first + warmup:
            return
        yield now
