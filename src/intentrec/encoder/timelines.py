"""What each user did and was shown, user by user in time order."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import Log, Seconds


@dataclass(frozen=True)
class Timeline:
    """Events of all users, those of a user together and in time order.

    Attributes:
        starts: Where each user's events begin, and the end, (U + 1,).
        item: Code of the item, (E,).
        time: Seconds, (E,).
        shown: Whether the item was only shown and passed over, (E,).
    """

    starts: Ints
    item: Ints
    time: Seconds
    shown: NDArray[np.bool_]

    @classmethod
    def of(cls, log: Log, passed: Log | None = None) -> Self:
        """From events, and from impressions that nobody reacted to, where histories hold them."""
        parts = [log] if passed is None else [log, passed]
        user, item, time = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("user", "item", "time")
        )
        shown = np.concatenate([np.full(len(part), number == 1) for number, part in enumerate(parts)])
        order = np.lexsort((shown, time, user))
        starts = np.searchsorted(user[order], np.arange(log.n_users + 1)).astype(np.int64)
        return cls(starts, item[order], time[order], shown[order])

    @cached_property
    def user(self) -> Ints:
        """Code of the user of each event, (E,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def latest(self, user: int, end: int, most: int) -> list[tuple[int, bool]]:
        """The distinct items of a user before place `end`, the latest first, each with whether it was only shown."""
        found: dict[int, bool] = {}
        for at in range(end - 1, int(self.starts[user]) - 1, -1):
            item = int(self.item[at])
            if item not in found:
                if len(found) == most:
                    break
                found[item] = bool(self.shown[at])
        return list(found.items())
