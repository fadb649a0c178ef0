"""Recommendations as arrays of item codes, and which of them are hits."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import DataError
from intentrec.evaluation.baselines.interactions import codes
from intentrec.evaluation.views import Targets

Ints = NDArray[np.int64]
Hits = NDArray[np.bool_]

_USERS_AT_ONCE = 8_192


class Recommends(Protocol):
    """What evaluation asks of a system: the `recommend` of `retrieval.protocol.Retriever`."""

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """At least user_id, rank (from 1) and item_id."""
        ...


def lists_of(name: str, system: Recommends, users: pl.Series, items: pl.Series, k: int, *, filter_viewed: bool) -> Ints:
    """Item codes of each user's list, (U, k), -1 where it had ended.

    Args:
        name: Of the system, for errors.
        system: Asked for some thousand users at a time.
        users: In the order of the rows.
        items: Ids of the items visible before the cut, ascending.
        k: Length of the lists.
        filter_viewed: Passed on.

    Raises:
        DataError: A list is not what the protocol says, or holds an item that was not visible before the cut.
    """
    lists = np.full((len(users), k), -1, dtype=np.int64)
    for start in range(0, len(users), _USERS_AT_ONCE):
        asked = users.slice(start, _USERS_AT_ONCE)
        rows = system.recommend(asked.to_list(), k, filter_viewed=filter_viewed)
        row, place = codes(rows["user_id"], asked), rows["rank"].cast(pl.Int64).to_numpy() - 1
        item = codes(rows["item_id"], items)
        _check(name, rows, {"user": row >= 0, "rank": (place >= 0) & (place < k), "item": item >= 0})
        if len(np.unique(row * k + place)) < len(row) or len(np.unique(row * len(items) + item)) < len(row):
            raise DataError(f"System {name!r} gives a user the same rank or the same item twice.")
        lists[start + row, place] = item
    return lists


def _check(name: str, rows: pl.DataFrame, valid: dict[str, Hits]) -> None:
    hints = {
        "user": "was not asked for",
        "rank": "is outside 1..k",
        "item": "is not among the items visible before the cut",
    }
    for what, fine in valid.items():
        if not fine.all():
            first = rows.row(int(np.flatnonzero(~fine)[0]), named=True)
            raise DataError(f"System {name!r} returned a row whose {what} {hints[what]}: {first}.")


def hits_of(lists: Ints, rows: Ints, targets: Targets, n_items: int) -> Hits:
    """True where a list holds a target of its user, (U, k).

    Args:
        lists: Item codes of all users.
        rows: Row of `lists` for each user of `targets`.
        targets: What had to be found.
        n_items: Number of visible items.
    """
    asked = lists[rows]
    pairs = np.arange(len(rows), dtype=np.int64)[:, None] * n_items + asked
    place = np.searchsorted(targets.pairs, pairs)
    found = np.append(targets.pairs, -1)[place] == pairs
    return np.asarray(found & (asked >= 0), dtype=np.bool_)
