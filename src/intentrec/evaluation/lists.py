"""Recommendations as arrays of item codes, and which of them are hits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import ConfigError, DataError
from intentrec.evaluation.baselines.interactions import codes
from intentrec.evaluation.views import Targets

Ints = NDArray[np.int64]
Lists = NDArray[np.int32]
Flags = NDArray[np.bool_]
Histories = Callable[[pl.Series], pl.DataFrame]

USERS_AT_ONCE = 8_192
ROWS_AT_ONCE = 1_000_000
_COMPARED_AT_ONCE = 4_000_000


class Recommends(Protocol):
    """What evaluation asks of a system: the `recommend` of `retrieval.protocol.Retriever`.

    Two more methods are used where a system has them. `with_histories(events) -> Recommends`: the same learned
    parameters for users whose whole history is `events`, so that targets "last" and "successive" can be asked for.
    `size_bytes() -> int | None`: of what was learned, for the table of costs.
    """

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """At least user_id, rank (from 1) and item_id."""
        ...


def serving(name: str, system: Recommends, events: pl.DataFrame) -> Recommends:
    """The system for users whose whole history is `events`.

    Raises:
        ConfigError: It has no `with_histories`.
    """
    method: Callable[[pl.DataFrame], Recommends] | None = getattr(system, "with_histories", None)
    if method is None:
        raise ConfigError(
            f'System {name!r} has no with_histories, which targets "last" and "successive" need; set '
            'evaluation.targets to "window", or leave the system out.'
        )
    return method(events)


def lists_of(
    name: str, system: Recommends, users: pl.Series, items: pl.Series, k: int, *, filter_viewed: bool,
    histories: Histories | None = None,
) -> Lists:  # fmt: skip
    """Item codes of each user's list, (U, k), -1 where it had ended.

    Args:
        name: Of the system, for errors.
        system: Asked for some thousand users at a time, a million rows at most.
        users: In the order of the rows.
        items: Ids of the items visible before the cut, ascending.
        k: Length of the lists.
        filter_viewed: Passed on.
        histories: Events of given users, where these are not the ones that the system learned from.

    Raises:
        ConfigError: There are histories, and the system cannot serve them.
        DataError: A list is not what the protocol says, or holds an item that was not visible before the cut.
    """
    lists = np.full((len(users), k), -1, dtype=np.int32)
    step = max(1, min(USERS_AT_ONCE, ROWS_AT_ONCE // k))
    for start in range(0, len(users), step):
        asked = users.slice(start, step)
        asking = system if histories is None else serving(name, system, histories(asked))
        rows = asking.recommend(asked.to_list(), k, filter_viewed=filter_viewed)
        row, place = codes(rows["user_id"], asked), rows["rank"].cast(pl.Int64).to_numpy() - 1
        item = codes(rows["item_id"], items)
        _check(name, rows, {"user": row >= 0, "rank": (place >= 0) & (place < k), "item": item >= 0})
        block = lists[start : start + step]
        block[row, place] = item
        if int((block >= 0).sum()) < len(row) or _twice(block):
            raise DataError(f"System {name!r} gives a user the same rank or the same item twice.")
    return lists


def _check(name: str, rows: pl.DataFrame, valid: dict[str, Flags]) -> None:
    hints = {
        "user": "was not asked for",
        "rank": "is outside 1..k",
        "item": "is not among the items visible before the cut",
    }
    for what, fine in valid.items():
        if not fine.all():
            first = rows.row(int(np.flatnonzero(~fine)[0]), named=True)
            raise DataError(f"System {name!r} returned a row whose {what} {hints[what]}: {first}.")


def _twice(block: Lists) -> bool:
    ordered = np.sort(block, axis=1)
    return bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())


@dataclass(frozen=True)
class Hits:
    """The targets that were found: far fewer than places, so each is kept by itself.

    Attributes:
        rows: The user whose list holds it, (H,).
        places: Where in the list, from 0, (H,).
        targets: Which target it is: a place in `Targets.pairs`, (H,).
        n_rows: Number of users, those without a hit included.
    """

    rows: Ints
    places: Ints
    targets: Ints
    n_rows: int

    def among(self, kept: Flags) -> "Hits":
        """The hits of those targets for which `kept` (one flag a target) is true."""
        mine = kept[self.targets]
        return Hits(self.rows[mine], self.places[mine], self.targets[mine], self.n_rows)


def hits_of(lists: NDArray[np.integer], rows: Ints, targets: Targets, n_items: int) -> Hits:
    """Where the lists hold targets of their users.

    Args:
        lists: Item codes of all users, (V, k).
        rows: Row of `lists` for each user of `targets`, (U,).
        targets: What had to be found.
        n_items: Number of visible items.
    """
    row, item = np.divmod(targets.pairs, max(1, n_items))
    step = max(1, _COMPARED_AT_ONCE // max(1, lists.shape[1]))
    found, places = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start in range(0, len(row), step):
        here = slice(start, start + step)
        target, place = np.nonzero(lists[rows[row[here]]] == item[here, None].astype(lists.dtype))
        found.append(target + start)
        places.append(place)
    hit = np.concatenate(found)
    return Hits(row[hit], np.concatenate(places), hit, len(rows))
