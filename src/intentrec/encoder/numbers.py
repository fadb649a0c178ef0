"""What is counted of items before a moment: the numbers in their prompts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.text.percentiles import percentiles

NUMBERS = ("popularity", "recent", "price")


@dataclass(frozen=True)
class Counted:
    """Numbers of all items as of one moment.

    Attributes:
        values: As they are, (N, 3); 0 or not-a-number for none.
        percentiles: 1 to 100 among the items that have one; 0 for none, (N, 3).
    """

    values: NDArray[np.float64]
    percentiles: Ints


@dataclass(frozen=True)
class ItemNumbers:
    """Numbers of items as of any moment; nothing at or after the moment is counted.

    Attributes:
        log: Events that show intent.
        price: Price of each item, not-a-number where there is none, (N,).
        recent_days: Over how many days recent demand is counted.
    """

    log: Log
    price: NDArray[np.float64]
    recent_days: float

    def at(self, moment: float) -> Counted:
        """Users who had each item, events of the last days, and price."""
        popular = np.bincount(self._first_item[self._first_time < moment], minlength=self.log.n_items)
        recent = np.bincount(self.log.between(moment - self.recent_days * DAY, moment).item, minlength=self.log.n_items)
        values = np.column_stack([popular.astype(np.float64), recent.astype(np.float64), self.price])
        # Prices rank among what has sold: an item that is only listed must not change what others read.
        price = percentiles(self.price, among=popular > 0)
        return Counted(values, np.column_stack([*(percentiles(column) for column in values.T[:-1]), price]))

    @cached_property
    def _first(self) -> Ints:
        """Rows of the log at which a user had an item for the first time: the log is in time order."""
        rows: Ints = np.unique(self.log.user * self.log.n_items + self.log.item, return_index=True)[1]
        return rows

    @cached_property
    def _first_item(self) -> Ints:
        items: Ints = self.log.item[self._first]
        return items

    @cached_property
    def _first_time(self) -> NDArray[np.float64]:
        times: NDArray[np.float64] = self.log.time[self._first]
        return times
