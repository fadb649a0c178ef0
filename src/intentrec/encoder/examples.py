"""Pairs of a user and an item that the user took, each with what was known before."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.encoder.data import EncoderData
from intentrec.errors import DataError


@dataclass(frozen=True)
class Examples:
    """Pairs (P,).

    Attributes:
        user: Code of the user.
        item: Code of the item that was taken.
        time: When, in seconds.
        end: Place in the timeline before which the user's history ends.
        moment: Which of `moments` gives the numbers of the item.
        moments: Times, ascending, in seconds.
    """

    user: Ints
    item: Ints
    time: NDArray[np.float64]
    end: Ints
    moment: Ints
    moments: NDArray[np.float64]

    @classmethod
    def of(cls, data: EncoderData) -> Self:
        """All pairs that training may see: those with a history before them, and before what is held out.

        Raises:
            DataError: There is none.
        """
        line, user = data.histories, data.histories.user
        at = np.flatnonzero(~line.shown & ~data.held_out())
        if not data.config.repeats:
            _, first = np.unique(user[at] * len(data.items) + line.item[at], return_index=True)
            at = at[np.sort(first)]
        end = at if data.config.within_moment else moment_starts(user, line.time)[at]
        at, end = (rows[end > line.starts[user[at]]] for rows in (at, end))
        if not len(at):
            raise DataError(
                "No user has an event with an earlier one before it, so there is no pair to learn from; give more "
                "events, or set encoder.within_moment if all events of a user have the same time."
            )
        time = line.time[at]
        moments = np.unique(np.quantile(time, np.linspace(0, 1, data.config.moments + 1)[:-1], method="lower"))
        moment = np.searchsorted(moments, time, side="right") - 1
        return cls(user[at], line.item[at], time, end, moment, moments)

    def __len__(self) -> int:
        return len(self.user)

    def rows(self, chosen: Ints) -> "Examples":
        """Chosen pairs, in that order."""
        return Examples(
            self.user[chosen], self.item[chosen], self.time[chosen], self.end[chosen], self.moment[chosen], self.moments
        )


def moment_starts(user: Ints, time: NDArray[np.float64]) -> Ints:
    """For each event the place of the first one of the same user and time; users together, in time order."""
    begins = np.ones(len(user), dtype=np.bool_)
    begins[1:] = (user[1:] != user[:-1]) | (time[1:] != time[:-1])
    starts: Ints = np.maximum.accumulate(np.where(begins, np.arange(len(user)), 0))
    return starts
