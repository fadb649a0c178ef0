"""Events of one user as a bundle holds them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.tables import EVENTS

LOST = -2
"""Stands as the row of an item that the release does not know; its id stands in `words`."""


@dataclass(frozen=True)
class Timeline:
    """Events in time order.

    Attributes:
        row: Number of the event, (E,).
        time: Microseconds since 1970, (E,).
        event: Code of the kind, (E,).
        item: Row of the item, below 0 for none, (E,).
        weight: NaN for none, (E,).
        value: NaN for none, (E,).
        words: The query, "" for none.
    """

    row: NDArray[np.integer]
    time: NDArray[np.integer]
    event: NDArray[np.integer]
    item: NDArray[np.integer]
    weight: NDArray[np.floating]
    value: NDArray[np.floating]
    words: list[str]

    def frame(self, user_id: str, ids: NDArray[np.str_], kinds: Sequence[str]) -> pl.DataFrame:
        """Rows of `EVENTS`.

        Args:
            ids: Item ids by row.
            kinds: Names of kinds by code.
        """
        rows = self.item.tolist()
        named = [str(ids[row]) if row >= 0 else word if row == LOST else None
                 for row, word in zip(rows, self.words, strict=True)]  # fmt: skip
        asked = [None if row == LOST else word or None for row, word in zip(rows, self.words, strict=True)]
        frame = pl.DataFrame(
            {
                "row": self.row,
                "user_id": [user_id] * len(rows),
                "timestamp": pl.Series(self.time).cast(pl.Datetime("us", "UTC")),
                "event": [kinds[code] for code in self.event.tolist()],
                "item_id": named,
                "query": asked,
                "weight": self.weight,
                "value": self.value,
            },
            schema=EVENTS.schema,
        )
        return frame.with_columns(pl.col("weight", "value").fill_nan(None))
