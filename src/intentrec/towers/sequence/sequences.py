"""The log by user: each user's events in order, in one array, and what an encoder reads of each."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log, Seconds

GAPS = 12
"""Buckets of the time between two events; the last one stands for "no event before"."""
_HOUR = 1 / 24


@dataclass(frozen=True)
class Sequences:
    """Events grouped by user, each user's in the order of the log.

    Attributes:
        starts: Where each user's events begin, and the end, (U + 1,).
        user: (E,), ascending.
        item: (E,).
        kind: (E,).
        time: Seconds, ascending for each user, (E,).
        gap: Bucket of the time since the user's event before, (E,).
        n_items: How many items have a code.
    """

    starts: Ints
    user: Ints
    item: Ints
    kind: Ints
    time: Seconds
    gap: Ints
    n_items: int

    @classmethod
    def of(cls, log: Log) -> Self:
        """Events of a log, which is in time order with ties by row: grouping is stable, so each user's order is its."""
        order = np.argsort(log.user, kind="stable")
        user, time = log.user[order], log.time[order]
        starts = np.searchsorted(user, np.arange(log.n_users + 1)).astype(np.int64)
        gap = np.full(len(user), GAPS - 1, dtype=np.int64)
        gap[1:] = gap_buckets(np.diff(time) / DAY)
        gap[starts[:-1][np.diff(starts) > 0]] = GAPS - 1
        return cls(starts, user, log.item[order], log.kind[order], time, gap, log.n_items)

    def __len__(self) -> int:
        return len(self.item)

    @property
    def lengths(self) -> Ints:
        """Events of each user, (U,)."""
        return np.diff(self.starts)


def gap_buckets(days: NDArray[np.float64]) -> Ints:
    """Octaves of a time in days: 0 below an hour, 10 from 16 days on."""
    octaves = np.floor(np.log2(np.maximum(days, _HOUR))) + 6
    return np.where(days < _HOUR, 0, np.clip(octaves, 1, GAPS - 2)).astype(np.int64)


@dataclass(frozen=True)
class Calendar:
    """Numbered periods of equal length.

    Attributes:
        start: Of the first period, seconds.
        days: Length of a period.
        n: How many there are; a time before the first counts in it, one after the last in the last.
    """

    start: float
    days: float
    n: int

    @classmethod
    def of(cls, time: Seconds, days: float) -> Self:
        """Periods from the first of these times to the last."""
        start, end = float(time.min()), float(time.max())
        return cls(start, days, 1 + int((end - start) / DAY / days))

    def period(self, time: Seconds) -> Ints:
        """Number of the period of each time."""
        return np.clip((time - self.start) / (DAY * self.days), 0, self.n - 1).astype(np.int64)
